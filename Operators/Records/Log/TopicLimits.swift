/// What a topic refuses by its settings, beside what its name and its partitions say.
public struct TopicLimits: Hashable, Sendable {
    /// The most bytes of a batch of records (`max.message.bytes`); nil: not known.
    public var batchBytes: Int?
    /// How far ahead of the clock a record's timestamp may lie, in milliseconds
    /// (`message.timestamp.after.max.ms`).
    public var aheadMilliseconds: Int64
    /// How far behind the clock it may lie, in milliseconds (`message.timestamp.before.max.ms`).
    public var behindMilliseconds: Int64
    /// Whether each record needs a key, as in a compacted topic.
    public var needsKey: Bool

    /// By how much the cluster's clock may differ from this one, with the time that a record waits to be sent.
    public static let skewMilliseconds: Int64 = 60_000

    /// Nothing is known to be refused.
    public static let none = TopicLimits()

    /// Makes limits; what is left out is none.
    public init(
        batchBytes: Int? = nil, aheadMilliseconds: Int64 = .max, behindMilliseconds: Int64 = .max,
        needsKey: Bool = false
    ) {
        self.batchBytes = batchBytes
        self.aheadMilliseconds = aheadMilliseconds
        self.behindMilliseconds = behindMilliseconds
        self.needsKey = needsKey
    }

    /// Refuses what another topic refuses, too; the bound of a batch is each topic's own.
    public mutating func tighten(by other: TopicLimits) {
        aheadMilliseconds = min(aheadMilliseconds, other.aheadMilliseconds)
        behindMilliseconds = min(behindMilliseconds, other.behindMilliseconds)
        needsKey = needsKey || other.needsKey
    }

    /// The latest timestamp that is surely taken.
    public func latest(_ now: EventTime) -> EventTime {
        let ahead = TopicLimits.sure(aheadMilliseconds)
        return ahead == .max || now == .min ? .max : now.advanced(byMilliseconds: ahead)
    }

    /// The earliest timestamp that is surely taken.
    public func earliest(_ now: EventTime) -> EventTime {
        let behind = TopicLimits.sure(behindMilliseconds)
        return behind == .max ? .min : now.advanced(byMilliseconds: -behind)
    }

    /// Whether a timestamp is surely taken.
    public func takes(_ time: EventTime, now: EventTime) -> Bool {
        time <= latest(now) && time >= earliest(now)
    }

    /// A limit less the skew, half of it at least.
    private static func sure(_ limit: Int64) -> Int64 {
        limit == .max ? .max : max(limit / 2, limit - skewMilliseconds)
    }
}
