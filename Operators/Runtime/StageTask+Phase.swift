extension StageTask {
    /// Where a task is in its life.
    enum Phase: Equatable {
        /// The authority has answered, the store was asked.
        case loading
        /// The reader was asked to stand where the task goes on.
        case starting
        /// Records flow.
        case running
        /// Its state belongs to a commit that is under way; nothing flows.
        case committing
    }
}
