public import Records

/// A commit was decided, but for some of its tasks, whose outputs their system does not take.
///
/// It is thrown in place of an error of the whole commit: what the other tasks have done is decided for good, and
/// only those that are named here have to be tried again.
public struct TasksRefused: Error, Sendable {
    /// Why each of the tasks was refused.
    public let reasons: [TaskID: DataflowError]

    /// Makes one; at least one task is named.
    public init(_ reasons: [TaskID: DataflowError]) { self.reasons = reasons }
}
