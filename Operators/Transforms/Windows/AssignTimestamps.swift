public import Dataflow
public import Records
public import State

/// How event time follows from the records of one partition.
public struct WatermarkStrategy: Hashable, Sendable {
    /// By how much records may come out of order, in milliseconds.
    public var outOfOrderMilliseconds: Int64
    /// After how long without a record event time follows the clock, in milliseconds; nil: never.
    public var idleAfterMilliseconds: Int64?
    /// By how much event time passes the newest record of a recording that has ended, in milliseconds.
    public var closesAfterMilliseconds: Int64 = 0

    /// Records come at most `bound` out of order; a partition that is idle for `idleAfter` follows the
    /// clock, so that it doesn't hold up the others.
    ///
    /// - Parameter closesAfter: what windows, timers and lateness behind need to come to their end. When a
    ///   recording has ended, event time passes its newest record by so much and stands still there: all that it
    ///   leads to is published, and what comes later by event time goes on as if there had been a silence.
    public static func boundedOutOfOrder(
        _ bound: Duration, idleAfter: Duration? = nil, closesAfter: Duration = .zero
    ) -> WatermarkStrategy {
        WatermarkStrategy(
            outOfOrderMilliseconds: bound.milliseconds,
            idleAfterMilliseconds: idleAfter?.milliseconds,
            closesAfterMilliseconds: max(0, closesAfter.milliseconds))
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero; what is too long for them is the longest there is.
    public var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        let (sum, tooLong) = whole.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return overflow || tooLong ? (seconds < 0 ? .min : .max) : sum
    }
}

extension Stream {
    /// Takes event time from a property of the records and watches its progress.
    public func assignTimestamps(
        _ id: StaticString, _ strategy: WatermarkStrategy, _ path: KeyPath<F.Out, EventTime>,
        file: StaticString = #fileID, line: UInt = #line
    ) -> Stream<OperatorFlow<F, AssignTimestamps<PropertyKey<F.Out, EventTime>>>> {
        assignTimestamps(id, strategy, PropertyKey(path), file: file, line: line)
    }

    /// Takes event time from what a functor finds.
    public func assignTimestamps<E: KeyExtractor>(
        _ id: StaticString, _ strategy: WatermarkStrategy, _ time: E,
        file: StaticString = #fileID, line: UInt = #line
    ) -> Stream<OperatorFlow<F, AssignTimestamps<E>>>
    where E.Input == F.Out, E.Key == EventTime {
        let idle = strategy.idleAfterMilliseconds.map { "\(Double($0) / 1_000) s" } ?? "never"
        return apply(
            id, kind: "assignTimestamps",
            details: [
                "out of order": "\(Double(strategy.outOfOrderMilliseconds) / 1_000) s",
                "idle after": idle,
            ], keepsPartitioning: true, isTimed: true, at: SourceLocation(file, line)
        ) { id, context in
            AssignTimestamps(id: id, strategy: strategy, time: time, context: context)
        }
    }
}

/// Takes event time from the records: the watermark is the latest time seen less the bound.
///
/// Idleness is resolved here and nowhere else: a partition that has nothing to read for long enough lets
/// its watermark follow the clock, less the bound. Behind it nobody knows that it was idle. Where a recording is
/// played no partition follows the clock; when it has ended all of them go as far past its newest record as is
/// needed to decide on it.
public struct AssignTimestamps<E: KeyExtractor>: StreamOperator where E.Key == EventTime {
    /// What has a time.
    public typealias In = E.Input
    /// The same.
    public typealias Out = E.Input
    let id: OperatorID
    let strategy: WatermarkStrategy
    let time: E
    let context: TaskContext
    private var latest = EventTime.min
    private var announced = EventTime.min

    init(id: OperatorID, strategy: WatermarkStrategy, time: E, context: TaskContext) {
        self.id = id
        self.strategy = strategy
        self.time = time
        self.context = context
    }

    /// Passes the record on at its event time.
    @inline(__always)
    public mutating func receive<S: Sink & ~Copyable>(
        _ value: E.Input, at _: EventTime, into next: inout S
    ) where S.In == E.Input {
        let time = time.key(of: value)
        if time > latest { latest = time }
        next.receive(value, at: time)
    }

    /// Announces how far event time has come.
    public mutating func endBatch<S: Sink & ~Copyable>(into next: inout S) where S.In == E.Input {
        context.note(newestTime: latest)
        announce(latest.advanced(byMilliseconds: -strategy.outOfOrderMilliseconds), &next)
        next.endBatch()
    }

    /// The end of the input passes; any other event time from upstream is replaced by the records' own.
    public mutating func watermark<S: Sink & ~Copyable>(_ time: EventTime, into next: inout S)
    where S.In == E.Input {
        if time == .max { announce(.max, &next) }
    }

    /// Lets event time follow the clock while nothing comes, or pass the end of a recording.
    public mutating func tick<S: Sink & ~Copyable>(_ tick: Tick, into next: inout S)
    where S.In == E.Input {
        // After a restore nobody else knows it.
        context.note(newestTime: latest)
        if let end = tick.recordingEnd, tick.idleSince != nil {
            // No less than its own: the end is that of all partitions as they were told of a moment ago.
            let newest = max(end, latest)
            announce(newest.advanced(byMilliseconds: strategy.closesAfterMilliseconds), &next)
        } else if let idleAfter = strategy.idleAfterMilliseconds, let since = tick.idleSince,
            !tick.isBounded, tick.now.millisecondsSince(since) >= idleAfter
        {
            announce(tick.now.advanced(byMilliseconds: -strategy.outOfOrderMilliseconds), &next)
        }
        next.tick(tick)
    }

    private mutating func announce<S: Sink & ~Copyable>(_ time: EventTime, _ next: inout S) {
        if time > announced {
            announced = time
            next.watermark(time)
        }
    }

    private var fingerprint: OperatorFingerprint {
        OperatorFingerprint(id: id, kind: "assignTimestamps", keyType: "", stateVersion: 1)
    }

    /// Writes the latest time seen and announced.
    public mutating func snapshot(_ writer: inout SnapshotWriter) {
        writer.section(fingerprint) {
            latest.encode(into: &$0)
            announced.encode(into: &$0)
        }
    }

    /// Goes on where the snapshot stood.
    public mutating func restore(_ reader: SnapshotReader) throws(CodecError) {
        var (latest, announced) = (latest, announced)
        try reader.section(id) { (bytes: inout ByteReader) throws(CodecError) in
            latest = try EventTime(from: &bytes)
            announced = try EventTime(from: &bytes)
        }
        (self.latest, self.announced) = (latest, announced)
    }
}
