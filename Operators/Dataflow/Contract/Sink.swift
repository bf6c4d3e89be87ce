public import Records
public import State

/// The operator contract: what stands downstream, at its concrete type.
///
/// A stage's operators are nested sinks, each owning the next, so that the compiler sees the whole chain
/// as one function a record. Control calls walk the same chain as data, and an operator passes each on
/// after doing its own part:
///
/// | call | when |
/// |---|---|
/// | ``receive(_:at:)`` | for each record |
/// | ``endBatch()`` | when a batch from the log is through: dispatch what was gathered |
/// | ``watermark(_:)`` | no record with an earlier time will follow, unless it is late |
/// | ``tick(_:)`` | the clock moved: early results, idleness |
/// | ``flush()`` | a commit begins: send what is held back only for speed |
/// | ``snapshot(_:)`` | after the flush: write what changed |
/// | ``restore(_:)`` | before the first record: once per checkpoint of the chain, base first |
public protocol Sink<In>: ~Copyable {
    /// What the sink receives.
    associatedtype In

    /// Takes a record with its event time.
    mutating func receive(_ value: In, at time: EventTime)
    /// A batch is through.
    mutating func endBatch()
    /// Event time has advanced; `.max` when the input has ended.
    mutating func watermark(_ time: EventTime)
    /// The clock has advanced.
    mutating func tick(_ tick: Tick)
    /// A commit begins.
    mutating func flush()
    /// Writes what changed since the last snapshot, or everything.
    mutating func snapshot(_ writer: inout SnapshotWriter)
    /// Applies a snapshot on top of what is there.
    mutating func restore(_ reader: SnapshotReader) throws(CodecError)
}
