public import Records
public import State

/// The beginning of a chain: records go to what stands downstream, refusals to the side output.
public struct SourceSink<S: Sink & ~Copyable>: Sink, ~Copyable {
    /// What stands downstream decides.
    public typealias In = S.In
    private var next: S
    private var rejected: OutletSink<DeadLetter>

    /// Joins the two outputs of a source.
    public init(next: consuming S, rejected: OutletSink<DeadLetter>) {
        self.next = next
        self.rejected = rejected
    }

    /// Lends both outputs to the source.
    @inline(__always)
    public mutating func withParts(_ body: (inout S, inout OutletSink<DeadLetter>) -> Void) {
        body(&next, &rejected)
    }

    /// Passes on to both outputs.
    public mutating func receive(_ value: S.In, at time: EventTime) {
        next.receive(value, at: time)
    }
    /// Passes on to both outputs.
    public mutating func endBatch() {
        rejected.endBatch()
        next.endBatch()
    }
    /// Passes on to both outputs.
    public mutating func watermark(_ time: EventTime) {
        rejected.watermark(time)
        next.watermark(time)
    }
    /// Passes on to both outputs.
    public mutating func tick(_ tick: Tick) {
        rejected.tick(tick)
        next.tick(tick)
    }
    /// Passes on to both outputs.
    public mutating func flush() {
        rejected.flush()
        next.flush()
    }
    /// Passes on to both outputs.
    public mutating func snapshot(_ writer: inout SnapshotWriter) {
        rejected.snapshot(&writer)
        next.snapshot(&writer)
    }
    /// Passes on to both outputs.
    public mutating func restore(_ reader: SnapshotReader) throws(CodecError) {
        try rejected.restore(reader)
        try next.restore(reader)
    }
}
