internal import Dataflow
internal import Records
internal import State

extension StageTask {
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

    var topics: [TopicPartition] { inputs.map(\.topic) }
    var pendingRows: Int { chain.context.tables.reduce(0) { $0 + $1.rows.count } }
    var hasEnded: Bool { inputs.allSatisfy(\.hasEnded) }
    /// Whether there is nothing left to read.
    var isIdle: Bool { inputs.allSatisfy { $0.idleSince != nil } }

    /// The name of a checkpoint of the task.
    func name(_ epoch: UInt64, _ attempt: UInt64) -> String {
        Checkpoint.name(task: id, epoch: epoch, attempt: attempt)
    }
}
