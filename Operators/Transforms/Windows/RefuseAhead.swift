public import Dataflow
public import Records
public import State

extension Stream {
    /// Refuses what lies too far ahead of the clock: a device whose clock is wrong, a producer that writes
    /// microseconds for milliseconds.
    ///
    /// It stands in front of `assignTimestamps` wherever times come from outside: there one record of the year
    /// 2100 would take event time with it, for good, and everything behind it would be late. The clock is the
    /// task's own, so a run whose clock is set or scaled refuses by that one, and a recording, which lies in the
    /// past, is never refused.
    ///
    ///     let timely = locations.accepted.refuseAhead("timely", by: .seconds(60), \.observedAt)
    ///     timely.rejected.sink("ahead", to: DeadLetters())
    ///
    /// - Parameter bound: how far ahead a record may lie, since clocks differ a little.
    /// - Returns: the records in time, and the others as dead letters in `id.rejected`, which is to be consumed.
    public func refuseAhead(
        _ id: StaticString, by bound: Duration, _ path: KeyPath<F.Out, EventTime>,
        file: StaticString = #fileID, line: UInt = #line
    ) -> SourceStreams<RefuseAheadFlow<F, PropertyKey<F.Out, EventTime>>> {
        refuseAhead(id, by: bound, PropertyKey(path), file: file, line: line)
    }

    /// Refuses what lies too far ahead of the clock, by the time that a functor finds.
    public func refuseAhead<E: KeyExtractor>(
        _ id: StaticString, by bound: Duration, _ time: E, file: StaticString = #fileID,
        line: UInt = #line
    ) -> SourceStreams<RefuseAheadFlow<F, E>> where E.Input == F.Out, E.Key == EventTime {
        let location = SourceLocation(file, line)
        let upstream = self.node
        let node = builder.add(
            "\(id)", .transform("refuseAhead"), upstreams: [flow.node], output: F.Out.self,
            details: ["ahead": "\(Double(bound.milliseconds) / 1_000) s"],
            isTimed: upstream.isTimed, partitioning: upstream.partitioning, at: location)
        let rejected = builder.add(
            "\(id).rejected", .sideOutput(of: node), upstreams: [node], output: DeadLetter.self,
            isTimed: upstream.isTimed, at: location)
        return SourceStreams(
            accepted: Stream<RefuseAheadFlow<F, E>>(
                builder,
                RefuseAheadFlow(
                    up: flow, node: node, rejectedNode: rejected, bound: bound.milliseconds,
                    time: time)),
            rejected: Stream<SideFlow<DeadLetter>>(builder, SideFlow(node: rejected)))
    }
}

/// A stream of records that don't lie too far ahead of the clock.
public struct RefuseAheadFlow<Up: Flow, E: KeyExtractor>: Flow
where E.Input == Up.Out, E.Key == EventTime {
    /// The same records.
    public typealias Out = Up.Out
    let up: Up
    /// The operator's node.
    public let node: NodeID
    let rejectedNode: NodeID
    let bound: Int64
    let time: E

    /// Puts the operator in front of `sink`.
    public func fuse<S: Sink & ~Copyable>(into sink: consuming S, _ builder: TaskBuilder) throws
    where S.In == Out {
        let id = builder.operatorID(node)
        try up.join(
            OperatorSink(
                RefuseAhead(
                    id: id, bound: bound, time: time, context: builder.context,
                    counter: builder.context.counter(id, "refused"),
                    rejected: OutletSink(builder.outlet(rejectedNode, DeadLetter.self))),
                next: sink), builder)
    }
}

/// Lets through what lies no further ahead of the clock than a bound; see ``Dataflow/Stream/refuseAhead(_:by:_:file:line:)``.
public struct RefuseAhead<E: KeyExtractor>: StreamOperator where E.Key == EventTime {
    /// What has a time.
    public typealias In = E.Input
    /// The same.
    public typealias Out = E.Input
    let id: OperatorID
    let bound: Int64
    let time: E
    let context: TaskContext
    let counter: Int
    private var rejected: OutletSink<DeadLetter>

    init(
        id: OperatorID, bound: Int64, time: E, context: TaskContext, counter: Int,
        rejected: OutletSink<DeadLetter>
    ) {
        self.id = id
        self.bound = bound
        self.time = time
        self.context = context
        self.counter = counter
        self.rejected = rejected
    }

    /// Passes the record on, or a dead letter of it to the side.
    @inline(__always)
    public mutating func receive<S: Sink & ~Copyable>(
        _ value: E.Input, at recordTime: EventTime, into next: inout S
    ) where S.In == E.Input {
        let time = time.key(of: value)
        if time.millisecondsSince(context.now) > bound { return refuse(time, at: recordTime) }
        next.receive(value, at: recordTime)
    }

    @inline(never)
    private mutating func refuse(_ time: EventTime, at recordTime: EventTime) {
        context.count(counter)
        let ahead = Double(time.millisecondsSince(context.now)) / 1_000
        let record = context.currentRecord
        rejected.receive(
            DeadLetter(
                code: .rejected,
                reason:
                    "its time \(time) lies \(ahead) s ahead of the clock; at most \(Double(bound) / 1_000) s are taken",
                operatorID: id, partition: context.currentPosition.partition,
                offset: record?.offset, time: context.now, key: record?.key.map { Array($0) },
                value: record?.value.map { Array($0) }), at: recordTime)
    }

    /// Passes on to both outputs.
    public mutating func endBatch<S: Sink & ~Copyable>(into next: inout S) where S.In == E.Input {
        rejected.endBatch()
        next.endBatch()
    }
    /// Passes on to both outputs.
    public mutating func watermark<S: Sink & ~Copyable>(_ time: EventTime, into next: inout S)
    where S.In == E.Input {
        rejected.watermark(time)
        next.watermark(time)
    }
    /// Passes on to both outputs.
    public mutating func tick<S: Sink & ~Copyable>(_ tick: Tick, into next: inout S)
    where S.In == E.Input {
        rejected.tick(tick)
        next.tick(tick)
    }
    /// Passes on to both outputs.
    public mutating func flush<S: Sink & ~Copyable>(into next: inout S) where S.In == E.Input {
        rejected.flush()
        next.flush()
    }
    /// Writes what stands behind the side output.
    public mutating func snapshot(_ writer: inout SnapshotWriter) { rejected.snapshot(&writer) }
    /// Restores what stands behind the side output.
    public mutating func restore(_ reader: SnapshotReader) throws(CodecError) {
        try rejected.restore(reader)
    }
}
