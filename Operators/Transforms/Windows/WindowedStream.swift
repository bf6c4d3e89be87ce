public import Dataflow
public import Records
public import State

/// A keyed stream cut into windows: what aggregations are called on.
public struct WindowedStream<F: Flow, E: KeyExtractor> where E.Input == F.Out {
    let keyed: KeyedStream<F, E>
    let spec: WindowSpec
    let lateNode: NodeID
    /// The records that came behind their window's allowed lateness, as they were; each is to be consumed.
    public var late: Stream<SideFlow<LateRecord<F.Out>>> {
        Stream(keyed.builder, SideFlow(node: lateNode))
    }
}

extension KeyedStream where E.Key: StreamKey {
    /// Cuts the stream into windows of event time.
    ///
    /// Lateness is decided for each record in front of the shuffle, against the watermark of the task that
    /// read it.
    public func window(
        _ spec: WindowSpec, file: StaticString = #fileID, line: UInt = #line
    ) -> WindowedStream<F, E> {
        let keyed = builder[node]
        let late = builder.add(
            "\(keyed.operatorID).late", .sideOutput(of: node), upstreams: [node],
            output: LateRecord<F.Out>.self, isTimed: keyed.isTimed,
            at: SourceLocation(file, line))
        if spec.sizeMilliseconds < 1 {
            builder.fault(
                node,
                "a window lasts at least a millisecond; this one has \(spec.sizeMilliseconds) ms",
                at: SourceLocation(file, line))
        }
        return WindowedStream(keyed: self, spec: spec, lateNode: late)
    }
}

/// A record that came behind its window's allowed lateness.
public struct LateRecord<Value> {
    /// The record.
    public var value: Value
    /// Its event time.
    public var time: EventTime
    /// How far event time had come.
    public var watermark: EventTime
    /// Where it was read.
    public var position: RecordPosition
}

extension LateRecord: DeadLetterConvertible where Value: BinaryCodable {
    /// The record's own bytes, with what made it late.
    public func deadLetter(from operatorID: OperatorID) -> DeadLetter {
        DeadLetter(
            code: .late,
            reason:
                "event time \(time) is behind the allowed lateness; the watermark is \(watermark)",
            operatorID: operatorID, partition: position.partition, offset: position.offset,
            time: time, key: nil, value: value.encoded)
    }
}
