internal import Dataflow
internal import Records
internal import State

/// The writing half of a windowed shuffle: sums what came since the last flush, by key and window, so that
/// a busy key crosses the network once a commit and not once a record.
///
/// The sums are sent before the next announcement of event time and forgotten; downstream adds them up
/// and never subtracts. Whether a record is late is decided here, before anything is summed.
struct CombineSink<E: KeyExtractor, A: Accumulator>: Sink, ~Copyable
where E.Key: StreamKey, E.Input == A.Input {
    typealias In = E.Input

    /// The most sums that are held back before they are sent ahead of the flush.
    static var bound: Int { 65_536 }

    let id: OperatorID
    let spec: WindowSpec
    let extractor: E
    let context: TaskContext
    let late: LateOutlet<E.Input>
    private let inCounter: Int
    private let outCounter: Int
    private var received: Int64 = 0
    private var writer: ExchangeWriter
    private var watermark = EventTime.min
    private var panes: [WindowPane<E.Key, A>] = []
    private var recent: WindowPane<E.Key, A>?
    private var held = 0

    init(
        id: OperatorID, spec: WindowSpec, extractor: E, context: TaskContext,
        late: LateOutlet<E.Input>, writer: ExchangeWriter
    ) {
        self.id = id
        self.spec = spec
        self.extractor = extractor
        self.context = context
        self.late = late
        self.writer = writer
        inCounter = context.counter(id, "records")
        outCounter = context.counter(id, "sums")
    }

    @inline(__always)
    mutating func receive(_ value: E.Input, at time: EventTime) {
        received &+= 1
        let start = spec.start(of: time)
        if spec.finalTime(startingAt: start) <= watermark {
            return late.receive(value, at: time, watermark: watermark, context)
        }
        let pane = self.pane(startingAt: start)
        let before = pane.cells.count
        let slot = pane.cells.touch(extractor.key(of: value)) { WindowCell(A()) }
        pane.cells[slot].accumulator.add(value, at: time)
        held &+= pane.cells.count &- before
    }

    @inline(__always)
    private mutating func pane(startingAt start: Int64) -> WindowPane<E.Key, A> {
        if let recent, recent.start == start { return recent }
        return findPane(start)
    }

    private mutating func findPane(_ start: Int64) -> WindowPane<E.Key, A> {
        if let found = panes.first(where: { $0.start == start }) {
            recent = found
            return found
        }
        let pane = WindowPane<E.Key, A>(start: start)
        panes.append(pane)
        recent = pane
        return pane
    }

    mutating func endBatch() {
        if held > Self.bound { send() }
        late.endBatch()
    }

    mutating func watermark(_ time: EventTime) {
        watermark = max(watermark, time)
        writer.watermark(time)
        late.watermark(time)
    }

    mutating func tick(_ tick: Tick) { late.tick(tick) }

    mutating func flush() {
        send()
        context.count(inCounter, by: received)
        received = 0
        late.flush()
        writer.flush()
    }

    private mutating func send() {
        panes.sort { $0.start < $1.start }
        for pane in panes {
            let time = EventTime(milliseconds: pane.start)
            for slot in 0..<pane.cells.slotBound where pane.cells.isOccupied(slot) {
                writer.write(at: time) {
                    pane.cells.key(at: slot).encode(into: &$0)
                } payload: {
                    pane.cells[slot].accumulator.encode(into: &$0)
                }
            }
            context.count(outCounter, by: Int64(pane.cells.count))
        }
        panes.removeAll()
        recent = nil
        held = 0
    }

    mutating func snapshot(_ snapshot: inout SnapshotWriter) {
        // Everything held was sent by the flush before, so only event time is left to keep.
        let fingerprint = OperatorFingerprint(
            id: id, kind: "combine", keyType: String(describing: E.Key.self), stateVersion: 1)
        snapshot.section(fingerprint) { watermark.encode(into: &$0) }
        late.snapshot(&snapshot)
    }

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
