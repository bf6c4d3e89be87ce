/// One task of a run: a stage on one partition of all its inputs.
public struct TaskID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The run's name, unique among all runs that share an authority and a store.
    public let run: String
    /// The stage's name.
    public let stage: String
    /// The number of the input partition.
    public let partition: Int32

    /// Names a task.
    public init(run: String, stage: String, partition: Int32) {
        self.run = run
        self.stage = stage
        self.partition = partition
    }

    /// By run, then stage, then partition.
    public static func < (a: TaskID, b: TaskID) -> Bool {
        (a.run, a.stage, a.partition) < (b.run, b.stage, b.partition)
    }

    /// `run/stage/partition`: the prefix of its checkpoints' names.
    public var description: String { "\(run)/\(stage)/\(partition)" }
}
