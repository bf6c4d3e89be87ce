public import Records
public import State

/// A stream divided by a key: through a topic where the plan says so, in place where the records lie
/// right already.
public struct ExchangeFlow<Up: Flow, E: KeyExtractor>: Flow
where E.Input == Up.Out, E.Key: StreamKey, Up.Out: BinaryCodable {
    /// Key and record together.
    public typealias Out = Keyed<E.Key, Up.Out>
    let up: Up
    let extractor: E
    /// The keying node.
    public let node: NodeID

    /// Describes the division and notes how its writing half is built.
    public init(_ keyed: KeyedStream<Up, E>) {
        up = keyed.flow
        extractor = keyed.extractor
        node = keyed.node
        let (up, extractor, node) = (up, extractor, node)
        keyed.builder.exchangeWriter(node) { builder in
            let writer = try ExchangeWriter(
                topic: builder.plan.exchangeTopic(node), by: builder.operatorID(node),
                isDirect: builder.isDirect(node), builder.context)
            try up.join(RepartitionSink(extractor: extractor, writer: writer), builder)
        }
    }

    /// Builds the reading half, or the keying in place.
    public func fuse<S: Sink & ~Copyable>(into sink: consuming S, _ builder: TaskBuilder) throws
    where S.In == Out {
        guard builder.shuffles(node) else {
            return try up.join(
                OperatorSink(KeyOperator(extractor: extractor), next: sink), builder)
        }
        let reader = ExchangeReader<E.Key, S>(
            id: builder.operatorID(node), builder, next: sink)
        builder.addInput(
            StageInput(
                topic: builder.plan.exchangeTopic(node), node: node, carriesMarkers: true,
                into: reader,
                receive: { reader, batch in
                    reader.receive(batch, as: Up.Out.self) { key, time, value, next in
                        next.receive(Keyed(key: key, value: value), at: time)
                    }
                }))
    }
}

/// Puts the key beside the record.
struct KeyOperator<E: KeyExtractor>: StreamOperator {
    typealias In = E.Input
    typealias Out = Keyed<E.Key, E.Input>
    let extractor: E

    @inline(__always)
    mutating func receive<S: Sink & ~Copyable>(
        _ value: E.Input, at time: EventTime, into next: inout S
    ) where S.In == Keyed<E.Key, E.Input> {
        next.receive(Keyed(key: extractor.key(of: value), value: value), at: time)
    }
}

/// Writes each record to the partition of its key.
struct RepartitionSink<E: KeyExtractor>: Sink where E.Key: StreamKey, E.Input: BinaryCodable {
    let extractor: E
    var writer: ExchangeWriter

    mutating func receive(_ value: E.Input, at time: EventTime) {
        let key = extractor.key(of: value)
        writer.write(at: time) {
            key.encode(into: &$0)
        } payload: {
            value.encode(into: &$0)
        }
    }
    mutating func endBatch() {}
    mutating func watermark(_ time: EventTime) { writer.watermark(time) }
    mutating func tick(_ tick: Tick) {}
    mutating func flush() { writer.flush() }
    mutating func snapshot(_ writer: inout SnapshotWriter) {}
    mutating func restore(_ reader: SnapshotReader) throws(CodecError) {}
}
