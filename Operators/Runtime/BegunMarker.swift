internal import State

/// What a task without state leaves in the store, so that it doesn't begin afresh when the group's offsets are gone.
///
/// It is written with a task's second decision, as whoever tries a second has seen the first one decided. It lies
/// beside the task's checkpoints and not among them: it is never garbage.
enum BegunMarker {
    /// What it holds: nothing, so that no part of it can be missing.
    static let bytes: [UInt8] = []

    /// The marker's name in the store.
    static func name(of task: TaskID) -> String {
        "\(task.run)/\(task.stage)/begun-\(task.partition)"
    }
}
