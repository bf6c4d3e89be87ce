public import Dataflow
public import Records

/// Publishes a stream on a topic, in the form that its records' type defines.
///
/// Exactly once for readers of committed records when the pipeline's delivery says so, at least once
/// otherwise; in the order of the stream for each key. A record that is larger than the topic takes becomes a
/// dead letter.
public struct KafkaSink<Record: TopicRecord>: SinkFactory {
    /// What is published.
    public typealias In = Record
    private let topic: String

    /// Writes to `topic`.
    public init(_ topic: String) { self.topic = topic }

    /// A sink on a topic.
    public var kind: GraphNode.Kind { .topicSink(topic: topic) }

    /// Opens the topic for one task.
    public func make(_ node: NodeID, _ builder: TaskBuilder) throws -> TopicTerminal<Record> {
        let context = builder.context
        return TopicTerminal(
            context: context,
            topic: context.outputTopic(
                topic, by: builder.operatorID(node), isDirect: builder.isDirect(node)),
            partitions: try context.partitionCount(topic),
            counter: context.counter(builder.operatorID(node), "records"))
    }
}

/// Encodes records into the task's output.
public struct TopicTerminal<Record: TopicRecord>: TerminalSink {
    let context: TaskContext
    let topic: Int
    let partitions: Int32
    let counter: Int

    /// Appends a record to the partition of its key.
    public mutating func receive(_ value: Record, at time: EventTime) {
        context.count(counter)
        context.append(value, topic: topic, partitions: partitions, at: time)
    }
}

extension Stream where F.Out: TopicRecord {
    /// Publishes the stream; table sinks of the same stream may follow the topic.
    ///
    ///     speeds.sink("traffic-updates", to: KafkaSink("traffic-updates"))
    public func sink(
        _ id: StaticString, to factory: KafkaSink<F.Out>, file: StaticString = #fileID,
        line: UInt = #line
    ) {
        let node = addSink(id, factory.kind, SourceLocation(file, line))
        let flow = flow
        builder.sink(node) { try flow.join(try factory.make(node, $0), $0) }
        builder.topicReader(
            node,
            TopicReader<F.Out> { (record) throws(CodecError) in try F.Out(record: record) })
    }
}
