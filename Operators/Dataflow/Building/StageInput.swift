public import Records
public import State

/// Where data enters a task's chain: one input of its stage, entered by one dynamic call a batch.
public struct StageInput {
    /// The topic that the input reads; nil for records that are pushed in.
    public var topic: String?
    /// The node at which the chain begins.
    public var node: NodeID
    /// Whether event time comes in band, by markers, so that the clock never moves it.
    public var carriesMarkers: Bool
    /// Whether the input goes on where its topic begins when retention has taken what was not read yet.
    public var skipsGaps = false
    /// Takes a batch from the log.
    public var receive: (RecordBatch) -> Void
    /// Takes records that were pushed in; false when their type is another.
    public var push: (Any) -> Bool
    /// Tells the chain that no record will follow.
    public var end: () -> Void
    /// Passes the clock on.
    public var tick: (Tick) -> Void
    /// Begins a commit.
    public var flush: () -> Void
    /// Collects state.
    public var snapshot: (inout SnapshotWriter) -> Void
    /// Applies state.
    public var restore: (SnapshotReader) throws(CodecError) -> Void

    /// Wraps a chain whose first sink takes batches as `receive` says.
    public init<S: Sink & ~Copyable>(
        topic: String?, node: NodeID, carriesMarkers: Bool, into sink: consuming S,
        receive: @escaping (inout S, RecordBatch) -> Void = { _, _ in },
        push: @escaping (inout S, Any) -> Bool = { _, _ in false }
    ) {
        self.topic = topic
        self.node = node
        self.carriesMarkers = carriesMarkers
        let box = SinkBox(sink)
        self.receive = { batch in
            box.withSink { sink in
                receive(&sink, batch)
                sink.endBatch()
            }
        }
        self.push = { values in
            box.withSink { sink in
                let fits = push(&sink, values)
                sink.endBatch()
                return fits
            }
        }
        end = { box.withSink { $0.watermark(.max) } }
        tick = { tick in box.withSink { $0.tick(tick) } }
        flush = { box.withSink { $0.flush() } }
        snapshot = { writer in box.withSink { $0.snapshot(&writer) } }
        restore = { (reader) throws(CodecError) in try box.restore(reader) }
    }
}
