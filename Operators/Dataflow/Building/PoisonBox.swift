public import Records

/// Decides what becomes of a record of the pipeline's own topics that a stage can't decode: damaged on its way,
/// or written by somebody else.
///
/// At first the task fails, goes back to its last commit and reads the record again; once the worker has seen
/// that often enough it excuses the task, which then keeps the record as a dead letter, with all that it can't
/// decode behind it, and goes on.
public struct PoisonBox {
    private let id: OperatorID
    private let context: TaskContext
    private let outlet: DeadLetterOutlet
    private let counter: Int

    /// Makes the box of one input.
    public init(id: OperatorID, _ builder: TaskBuilder) {
        self.id = id
        context = builder.context
        outlet = DeadLetterOutlet(builder)
        counter = context.counter(id, "poison-records")
    }

    /// Takes a record that could not be decoded.
    ///
    /// - Returns: whether the batch goes on behind it; otherwise the task has failed.
    public func take(
        _ record: RecordView, of partition: TopicPartition, _ error: CodecError
    ) -> Bool {
        let reason = "a record of the pipeline's own topic could not be decoded: \(error)"
        guard context.isExcused(partition, record.offset) else {
            context.fail(
                DataflowError(
                    .undecodable, domain: .internal, reason, operatorID: id,
                    partition: partition, offset: record.offset))
            return false
        }
        context.count(counter)
        outlet.write(
            DeadLetter(
                code: .undecodable, reason: reason, operatorID: id, partition: partition,
                offset: record.offset, time: record.timestamp, key: record.key.map { Array($0) },
                value: record.value.map { Array($0) }))
        return true
    }
}
