public import Records
public import State

/// A seam in a stage's chain: whatever flows in is gathered and handed to each consumer a batch at a
/// time.
///
/// The plan puts one where a stream has several consumers, where several streams become one, and at each
/// side output. It has one or more feeders; event time behind it is the least of theirs, and control
/// calls go on when the last feeder has made them.
public final class Outlet<Element> {
    /// The most records that are gathered before they are handed on within a batch.
    static var bound: Int { 4_096 }

    private let id: OperatorID
    private(set) var consumers: [OutletConsumer<Element>] = []
    private var elements: [(Element, EventTime)] = []
    private var watermarks: [EventTime] = []
    private var passed: EventTime = .min
    private var controlCalls = 0

    /// Makes the outlet of an operator.
    init(_ id: OperatorID) { self.id = id }

    /// Adds a chain that consumes what flows in.
    func append(_ consumer: OutletConsumer<Element>) {
        consumers.append(consumer)
    }

    /// Adds a chain that feeds the outlet.
    ///
    /// - Returns: the feeder's number.
    func addFeeder() -> Int {
        watermarks.append(.min)
        return watermarks.count - 1
    }

    @inline(__always)
    func gather(_ element: Element, _ time: EventTime) {
        elements.append((element, time))
        if elements.count >= Self.bound { dispatch() }
    }

    func dispatch() {
        if elements.isEmpty { return }
        for consumer in consumers {
            elements.withUnsafeBufferPointer { consumer.batch($0) }
        }
        elements.removeAll(keepingCapacity: true)
    }

    func endBatch() {
        dispatch()
        for consumer in consumers { consumer.endBatch() }
    }

    func watermark(_ time: EventTime, from feeder: Int) {
        dispatch()
        watermarks[feeder] = max(watermarks[feeder], time)
        guard let least = watermarks.min(), least > passed else { return }
        passed = least
        for consumer in consumers { consumer.watermark(least) }
    }

    /// Counts a control call; true for the last feeder's.
    private func isLastFeeder() -> Bool {
        controlCalls += 1
        if controlCalls < watermarks.count { return false }
        controlCalls = 0
        return true
    }

    func tick(_ tick: Tick) {
        dispatch()
        if isLastFeeder() { for consumer in consumers { consumer.tick(tick) } }
    }

    func flush() {
        dispatch()
        if isLastFeeder() { for consumer in consumers { consumer.flush() } }
    }

    func snapshot(_ writer: inout SnapshotWriter) {
        guard isLastFeeder() else { return }
        // A feeder that has come far doesn't repeat itself after a restore, and one that has ended never
        // does: how far each has come is state where there are several.
        if watermarks.count > 1 {
            let fingerprint = OperatorFingerprint(
                id: id.part("inputs"), kind: "union", keyType: "", stateVersion: 1)
            writer.section(fingerprint) { watermarks.encode(into: &$0) }
        }
        for consumer in consumers { consumer.snapshot(&writer) }
    }

    func restore(_ reader: SnapshotReader) throws(CodecError) {
        guard isLastFeeder() else { return }
        var restored = watermarks
        try reader.section(id.part("inputs")) { (bytes: inout ByteReader) throws(CodecError) in
            restored = try [EventTime](from: &bytes)
        }
        guard restored.count == watermarks.count else {
            throw .malformed("a union of another number of streams")
        }
        watermarks = restored
        passed = restored.min() ?? .min
        for consumer in consumers { try consumer.restore(reader) }
    }
}

/// The chain behind an outlet: the only dynamic calls in a stage, one a batch.
struct OutletConsumer<Element> {
    let batch: (UnsafeBufferPointer<(Element, EventTime)>) -> Void
    let endBatch: () -> Void
    let watermark: (EventTime) -> Void
    let tick: (Tick) -> Void
    let flush: () -> Void
    let snapshot: (inout SnapshotWriter) -> Void
    let restore: (SnapshotReader) throws(CodecError) -> Void

    init<S: Sink & ~Copyable>(_ sink: consuming S) where S.In == Element {
        let box = SinkBox(sink)
        batch = { elements in
            box.withSink { sink in
                for (element, time) in elements { sink.receive(element, at: time) }
            }
        }
        endBatch = { box.withSink { $0.endBatch() } }
        watermark = { time in box.withSink { $0.watermark(time) } }
        tick = { tick in box.withSink { $0.tick(tick) } }
        flush = { box.withSink { $0.flush() } }
        snapshot = { writer in box.withSink { $0.snapshot(&writer) } }
        restore = { (reader) throws(CodecError) in try box.restore(reader) }
    }
}

/// Holds a chain so that closures can reach it; the exclusivity check is paid once a call.
public final class SinkBox<S: Sink & ~Copyable> {
    private var sink: S

    /// Takes the chain over.
    public init(_ sink: consuming S) {
        self.sink = sink
    }

    /// Lends the chain for one call.
    @inline(__always)
    public func withSink<Result>(_ body: (inout S) -> Result) -> Result {
        body(&sink)
    }

    /// Restores the chain.
    public func restore(_ reader: SnapshotReader) throws(CodecError) {
        try sink.restore(reader)
    }
}

/// Feeds an outlet.
public struct OutletSink<Element>: Sink {
    let outlet: Outlet<Element>
    let feeder: Int

    /// Makes a further feeder of `outlet`.
    public init(_ outlet: Outlet<Element>) {
        self.outlet = outlet
        feeder = outlet.addFeeder()
    }

    /// Gathers a record.
    @inline(__always)
    public mutating func receive(_ value: Element, at time: EventTime) {
        outlet.gather(value, time)
    }
    /// Hands over what was gathered.
    public mutating func endBatch() { outlet.endBatch() }
    /// Passes on the least of the feeders' times.
    public mutating func watermark(_ time: EventTime) { outlet.watermark(time, from: feeder) }
    /// Passes the tick on.
    public mutating func tick(_ tick: Tick) { outlet.tick(tick) }
    /// Passes the flush on.
    public mutating func flush() { outlet.flush() }
    /// Passes the snapshot on.
    public mutating func snapshot(_ writer: inout SnapshotWriter) { outlet.snapshot(&writer) }
    /// Passes the restore on.
    public mutating func restore(_ reader: SnapshotReader) throws(CodecError) {
        try outlet.restore(reader)
    }
}
