internal import Dataflow
internal import Records

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

    /// One input of the task.
    struct Input {
        let topic: TopicPartition
        let chain: StageInput
        /// The offset of the next record.
        var position: Offset?
        /// Since when the reader has stood at the partition's end.
        var idleSince: EventTime?
        /// Where the input ends, in a run that ends.
        var end: Offset?
        var hasEnded = false
    }
}
