public import Dataflow
public import Records
internal import State

/// The side output of late records, with the calls that its consumers need.
@usableFromInline
final class LateOutlet<Value> {
    private var sink: OutletSink<LateRecord<Value>>
    private let counter: Int

    init(_ node: NodeID, _ builder: TaskBuilder) {
        sink = OutletSink(builder.outlet(node, LateRecord<Value>.self))
        counter = builder.context.counter(builder.operatorID(node), "records")
    }

    @usableFromInline
    func receive(
        _ value: Value, at time: EventTime, watermark: EventTime, _ context: TaskContext
    ) {
        context.count(counter)
        sink.receive(
            LateRecord(
                value: value, time: time, watermark: watermark,
                position: context.currentPosition),
            at: time)
    }

    func endBatch() { sink.endBatch() }
    func watermark(_ time: EventTime) { sink.watermark(time) }
    func tick(_ tick: Tick) { sink.tick(tick) }
    func flush() { sink.flush() }
    func snapshot(_ writer: inout SnapshotWriter) { sink.snapshot(&writer) }
    func restore(_ reader: SnapshotReader) throws(CodecError) { try sink.restore(reader) }
}
