/// Where the time of day comes from.
///
/// Nothing in Runtime or below reads the machine's clock: a driver asks one of these and passes the
/// answer on, so that a test can turn the hands and a fleet can live faster than its author.
public protocol EventClock: AnyObject, Sendable {
    /// The time now.
    func now() -> EventTime
    /// How many real milliseconds pass while this clock advances by `milliseconds`.
    func realMilliseconds(for milliseconds: Int64) -> Int64
}

extension EventClock {
    /// A clock that runs at the pace of the machine's.
    public func realMilliseconds(for milliseconds: Int64) -> Int64 { milliseconds }
}
