public import Records

/// The one system that decides whether an epoch of a task happened.
///
/// It records outputs (or is told that they are durable), input offsets and the checkpoint's name in one
/// step, and whoever is in doubt reads it again. It belongs to one thread.
public protocol CommitAuthority: AnyObject {
    /// Takes a task over and says where it stands: whoever claimed it before is fenced from now on.
    ///
    /// - Parameter inputs: the partitions that the task reads.
    /// - Returns: the position of the last decision; nil when there was none.
    func claim(_ task: TaskID, inputs: [TopicPartition]) throws -> CommitPosition?

    /// Decides an epoch of one or more tasks, all or nothing where the system can.
    ///
    /// - Throws: `.fenced` when one of the tasks was claimed by somebody else; an error with retry
    ///   `.restart` when the outcome is unknown, after which each task must be claimed anew; ``TasksRefused``
    ///   when all were decided but those that it names, of which nothing was recorded.
    func decide(_ decisions: [CommitDecision]) throws

    /// Gives up what was begun and not decided, for good: when the call returns none of it will happen.
    func abandon() throws
}

extension CommitAuthority {
    /// Nothing: an authority that records everything in one call has begun nothing.
    public func abandon() throws {}
}
