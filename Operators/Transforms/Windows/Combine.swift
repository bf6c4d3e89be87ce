public import Dataflow
public import Records
public import State

/// The writing half of a windowed shuffle: sums what came since the last flush, by key and window, so that
/// a busy key crosses the network once a commit and not once a record.
///
/// The sums are sent before the next announcement of event time and forgotten; downstream adds them up
/// and never subtracts. Whether a record is late is decided here, before anything is summed.
@usableFromInline
struct CombineSink<E: KeyExtractor, A: Accumulator>: Sink, ~Copyable
where E.Key: StreamKey, E.Input == A.Input {
    @usableFromInline typealias In = E.Input

    /// The most sums that are held back before they are sent ahead of the flush.
    static var bound: Int { 65_536 }

    let id: OperatorID
    @usableFromInline let extractor: E
    @usableFromInline let context: TaskContext
    @usableFromInline let late: LateOutlet<E.Input>
    private let inCounter: Int
    private let outCounter: Int
    @usableFromInline var received: Int64 = 0
    private var writer: ExchangeWriter
    @usableFromInline var watermark = EventTime.min
    @usableFromInline var table: WindowTable<E.Key, A>
    @usableFromInline var held = 0

    init(
        id: OperatorID, spec: WindowSpec, extractor: E, context: TaskContext,
        late: LateOutlet<E.Input>, writer: ExchangeWriter
    ) {
        self.id = id
        table = WindowTable(spec: spec)
        self.extractor = extractor
        self.context = context
        self.late = late
        self.writer = writer
        inCounter = context.counter(id, "records")
        outCounter = context.counter(id, "sums")
    }

    @inlinable
    @inline(__always)
    mutating func receive(_ value: E.Input, at time: EventTime) {
        received &+= 1
        guard let pane = table.pane(at: time, watermark: watermark) else {
            return late.receive(value, at: time, watermark: watermark, context)
        }
        let before = pane.pointee.cells.count
        let slot = pane.pointee.cells.touch(extractor.key(of: value)) { WindowCell(A()) }
        pane.pointee.cells[slot].accumulator.add(value, at: time)
        held &+= pane.pointee.cells.count &- before
    }

    @usableFromInline
    mutating func endBatch() {
        if held > Self.bound { send() }
        late.endBatch()
    }

    @usableFromInline
    mutating func watermark(_ time: EventTime) {
        watermark = max(watermark, time)
        writer.watermark(time)
        late.watermark(time)
    }

    @usableFromInline
    mutating func tick(_ tick: Tick) { late.tick(tick) }

    @usableFromInline
    mutating func flush() {
        send()
        context.count(inCounter, by: received)
        received = 0
        late.flush()
        writer.flush()
    }

    private mutating func send() {
        for pane in table.panes {
            let time = EventTime(milliseconds: pane.pointee.start)
            for slot in 0..<pane.pointee.cells.slotBound where pane.pointee.cells.isOccupied(slot) {
                writer.write(at: time) {
                    pane.pointee.cells.key(at: slot).encode(into: &$0)
                } payload: {
                    pane.pointee.cells[slot].accumulator.encode(into: &$0)
                }
            }
            context.count(outCounter, by: Int64(pane.pointee.cells.count))
        }
        table.removeAll()
        held = 0
    }

    @usableFromInline
    mutating func snapshot(_ snapshot: inout SnapshotWriter) {
        // Everything held was sent by the flush before, so only event time is left to keep.
        let fingerprint = OperatorFingerprint(
            id: id, kind: "combine", keyType: String(describing: E.Key.self), stateVersion: 1)
        snapshot.section(fingerprint) { watermark.encode(into: &$0) }
        late.snapshot(&snapshot)
    }

    @usableFromInline
    mutating func restore(_ reader: SnapshotReader) throws(CodecError) {
        var restored = watermark
        try reader.section(id) { (bytes: inout ByteReader) throws(CodecError) in
            restored = try EventTime(from: &bytes)
        }
        watermark = restored
        writer.watermark(restored)
        try late.restore(reader)
    }
}
