public import Records
public import State

/// An operator between two streams: the contract that a newcomer implements, a method a concern.
///
/// Only ``receive(_:at:into:)`` is required. The control calls pass on by default; an operator that
/// overrides one does its own part first and passes on itself. State is written and read by
/// ``snapshot(_:)`` and ``restore(_:)``, in a section named by the operator.
public protocol StreamOperator<In, Out>: ~Copyable {
    /// What comes in.
    associatedtype In
    /// What goes out.
    associatedtype Out

    /// Takes a record and hands on what follows from it.
    mutating func receive<S: Sink & ~Copyable>(_ value: In, at time: EventTime, into next: inout S)
    where S.In == Out
    /// A batch is through.
    mutating func endBatch<S: Sink & ~Copyable>(into next: inout S) where S.In == Out
    /// Event time has advanced.
    mutating func watermark<S: Sink & ~Copyable>(_ time: EventTime, into next: inout S)
    where S.In == Out
    /// The clock has advanced.
    mutating func tick<S: Sink & ~Copyable>(_ tick: Tick, into next: inout S) where S.In == Out
    /// A commit begins.
    mutating func flush<S: Sink & ~Copyable>(into next: inout S) where S.In == Out
    /// Writes what changed since the last snapshot, or everything.
    mutating func snapshot(_ writer: inout SnapshotWriter)
    /// Applies a snapshot on top of what is there.
    mutating func restore(_ reader: SnapshotReader) throws(CodecError)
}

extension StreamOperator where Self: ~Copyable {
    /// Passes on.
    @inline(__always)
    public mutating func endBatch<S: Sink & ~Copyable>(into next: inout S) where S.In == Out {
        next.endBatch()
    }
    /// Passes on.
    @inline(__always)
    public mutating func watermark<S: Sink & ~Copyable>(_ time: EventTime, into next: inout S)
    where S.In == Out {
        next.watermark(time)
    }
    /// Passes on.
    @inline(__always)
    public mutating func tick<S: Sink & ~Copyable>(_ tick: Tick, into next: inout S)
    where S.In == Out {
        next.tick(tick)
    }
    /// Passes on.
    @inline(__always)
    public mutating func flush<S: Sink & ~Copyable>(into next: inout S) where S.In == Out {
        next.flush()
    }
    /// Nothing to keep.
    public mutating func snapshot(_ writer: inout SnapshotWriter) {}
    /// Nothing was kept.
    public mutating func restore(_ reader: SnapshotReader) throws(CodecError) {}
}
