internal import Dataflow
internal import Records

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
}
