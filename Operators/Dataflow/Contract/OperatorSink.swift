public import Records
public import State

/// An operator in its place: in front of the sink that stands downstream.
public struct OperatorSink<Op: StreamOperator & ~Copyable, S: Sink & ~Copyable>: Sink, ~Copyable
where S.In == Op.Out {
    /// What the operator takes.
    public typealias In = Op.In
    private var op: Op
    private var next: S

    /// Puts `op` in front of `next`.
    public init(_ op: consuming Op, next: consuming S) {
        self.op = op
        self.next = next
    }

    /// Lends the operator and its consumer to whoever feeds them otherwise than record by record.
    @inline(__always)
    public mutating func withParts<Result>(_ body: (inout Op, inout S) -> Result) -> Result {
        body(&op, &next)
    }

    /// Hands a record to the operator.
    @inline(__always)
    public mutating func receive(_ value: Op.In, at time: EventTime) {
        op.receive(value, at: time, into: &next)
    }
    /// Hands the end of a batch to the operator.
    public mutating func endBatch() { op.endBatch(into: &next) }
    /// Hands event time to the operator.
    public mutating func watermark(_ time: EventTime) { op.watermark(time, into: &next) }
    /// Hands the clock to the operator.
    public mutating func tick(_ tick: Tick) { op.tick(tick, into: &next) }
    /// Hands the flush to the operator.
    public mutating func flush() { op.flush(into: &next) }
    /// Collects the operator's state, then what is downstream.
    public mutating func snapshot(_ writer: inout SnapshotWriter) {
        op.snapshot(&writer)
        next.snapshot(&writer)
    }
    /// Restores the operator's state, then what is downstream.
    public mutating func restore(_ reader: SnapshotReader) throws(CodecError) {
        try op.restore(reader)
        try next.restore(reader)
    }
}
