public import Dataflow
public import Records

/// Takes records that somebody hands in: an HTTP endpoint, a scraper, a test.
///
/// There are no offsets to go back to: whoever pushes waits until the log has acknowledged what followed
/// from the records, and pushes again if it doesn't hear so. At-least-once, under a client's retry.
public struct PushSource<Record>: SourceFactory {
    /// The records' type.
    public typealias Out = Record
    /// What comes in by one push: records and refusals, in any order.
    public struct Push {
        /// Records, each with its event time.
        public var records: [(Record, EventTime)]
        /// What was refused at the door.
        public var rejected: [DeadLetter]

        /// Makes a push.
        public init(records: [(Record, EventTime)], rejected: [DeadLetter] = []) {
            self.records = records
            self.rejected = rejected
        }
    }

    /// The property by which records are divided among tasks, if whoever pushes sees to that.
    public let partitioning: Partitioning?

    /// Makes a source.
    ///
    /// - Parameter path: the property by which pushes are divided among tasks; nil: none.
    public init(dividedBy path: PartialKeyPath<Record>? = nil) {
        partitioning = path.map(Partitioning.init)
    }

    /// A source without a topic.
    public var kind: GraphNode.Kind { .pushSource }

    /// Puts the door in front of a finished chain.
    public func attach<S: Sink & ~Copyable>(
        _ node: NodeID, to sink: consuming S, rejected: OutletSink<DeadLetter>,
        _ builder: TaskBuilder
    ) throws where S.In == Out {
        builder.addInput(
            StageInput(
                topic: nil, node: node, carriesMarkers: false,
                into: SourceSink(next: sink, rejected: rejected),
                push: { sink, values in
                    guard let push = values as? Push else { return false }
                    sink.withParts { next, rejected in
                        for letter in push.rejected { rejected.receive(letter, at: letter.time) }
                        for (record, time) in push.records { next.receive(record, at: time) }
                    }
                    return true
                }))
    }
}
