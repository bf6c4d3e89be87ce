/// What a location request may hold at most, and which points are taken.
public struct LocationLimits: Codable, Hashable, Sendable {
    /// Bytes of a request's JSON, decompressed.
    public var bodyBytes = 4 << 20
    /// Points of a request that are looked at; those behind are rejected one by one.
    public var points = 10_000
    /// Points of a request before the whole of it is refused.
    public var listedPoints = 50_000
    /// Bytes of a user's name in UTF-8.
    public var userIDBytes = 128
    /// Bytes of a mode's name in UTF-8.
    public var modeBytes = 64
    /// How far ahead of the clock a point may lie, in milliseconds: clocks of phones differ.
    public var futureMilliseconds: Int64 = 60_000
    /// How far behind the clock a point may lie, in milliseconds; 30 days, since every day behind
    /// costs a partition of the table.
    public var ageMilliseconds: Int64 = 30 * 86_400_000
    /// Bytes of a number's text.
    public var numberBytes = 128
    /// How deeply objects and lists may be nested in members that aren't known.
    public var depth = 32

    /// The defaults.
    public init() {}

    /// The bounds by name: each is at least 1.
    var counts: [(name: String, value: Int64)] {
        [
            ("bodyBytes", Int64(bodyBytes)), ("points", Int64(points)),
            ("listedPoints", Int64(listedPoints)), ("userIDBytes", Int64(userIDBytes)),
            ("modeBytes", Int64(modeBytes)), ("futureMilliseconds", futureMilliseconds),
            ("ageMilliseconds", ageMilliseconds), ("numberBytes", Int64(numberBytes)),
            ("depth", Int64(depth)),
        ]
    }
}
