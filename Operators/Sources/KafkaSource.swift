public import Dataflow
internal import Records

/// Reads a topic.
///
/// A record that can't be decoded goes to the source's `rejected` stream, with its bytes and its place; the
/// partition goes on behind it.
public struct KafkaSource<Record: TopicRecord>: SourceFactory {
    /// The records' type.
    public typealias Out = Record
    private let topic: String
    private let gap: Gap

    /// What is done when retention has taken records that were not read yet.
    public enum Gap: Sendable {
        /// The pipeline stops, and says how much is gone.
        case fail
        /// The pipeline says how much is gone, and goes on behind it.
        case skip
    }

    /// Reads `topic`.
    ///
    /// - Parameter gap: what is done when retention has taken records that were not read yet.
    public init(_ topic: String, onGap gap: Gap = .fail) {
        self.topic = topic
        self.gap = gap
    }

    /// A source of a topic.
    public var kind: GraphNode.Kind { .topicSource(topic: topic) }

    /// The property that keys the topic, for records that declare one.
    public var partitioning: Partitioning? {
        (Record.self as? any KeyedTopicRecord.Type).map { keyPartitioning($0) }
    }

    private func keyPartitioning<Keyed: KeyedTopicRecord>(_ type: Keyed.Type) -> Partitioning {
        Partitioning(Keyed.topicKey)
    }

    /// Puts the decoder in front of a finished chain.
    public func attach<S: Sink & ~Copyable>(
        _ node: NodeID, to sink: consuming S, rejected: OutletSink<DeadLetter>,
        _ builder: TaskBuilder
    ) throws where S.In == Out {
        let decoder = TopicDecoder<Record>(id: builder.operatorID(node), context: builder.context)
        var input = StageInput(
            topic: topic, node: node, carriesMarkers: false,
            into: SourceSink(next: sink, rejected: rejected),
            receive: { sink, batch in
                sink.withParts { decoder.decode(batch, into: &$0, rejected: &$1) }
            })
        input.skipsGaps = gap == .skip
        builder.addInput(input)
    }
}

/// Decodes the records of a topic in place.
struct TopicDecoder<Record: TopicRecord> {
    let id: OperatorID
    let context: TaskContext

    @inline(__always)
    func decode<S: Sink & ~Copyable>(
        _ batch: RecordBatch, into next: inout S, rejected: inout OutletSink<DeadLetter>
    ) where S.In == Record {
        for record in batch.records {
            context.setPosition(batch.partition, record.offset)
            do throws(CodecError) {
                next.receive(try Record(record: record), at: record.timestamp)
            } catch {
                rejected.receive(letter(record, batch.partition, error), at: record.timestamp)
            }
        }
    }

    private func letter(
        _ record: RecordView, _ partition: TopicPartition, _ error: CodecError
    ) -> DeadLetter {
        DeadLetter(
            code: .undecodable, reason: "could not decode: \(error)", operatorID: id,
            partition: partition, offset: record.offset, time: record.timestamp,
            key: record.key.map { Array($0) }, value: record.value.map { Array($0) })
    }
}
