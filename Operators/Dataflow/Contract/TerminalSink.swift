public import Records
public import State

/// A sink at the end of a chain: only records matter to it, unless it overrides more.
public protocol TerminalSink<In>: Sink {}

extension TerminalSink {
    /// Nothing is gathered.
    public mutating func endBatch() {}
    /// Event time ends here.
    public mutating func watermark(_ time: EventTime) {}
    /// The clock ends here.
    public mutating func tick(_ tick: Tick) {}
    /// Nothing is held back.
    public mutating func flush() {}
    /// Nothing is kept.
    public mutating func snapshot(_ writer: inout SnapshotWriter) {}
    /// Nothing was kept.
    public mutating func restore(_ reader: SnapshotReader) throws(CodecError) {}
}
