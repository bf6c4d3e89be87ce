public import Records
internal import Synchronization

/// A clock that runs faster or slower than the machine's: a start, a rate, and the machine's uptime.
///
/// With rate 1 and the present as its start it is the ordinary clock of production. The rate may be changed
/// on the way; time never jumps.
public final class ScaledClock: EventClock {
    private struct Anchor {
        var instant: ContinuousClock.Instant
        var time: EventTime
        var rate: Double
    }

    private let anchor: Mutex<Anchor>

    /// Starts a clock.
    ///
    /// - Parameters:
    ///   - start: what it shows first.
    ///   - rate: how many of its seconds pass in a real one; above 0.
    public init(start: EventTime, rate: Double = 1) {
        precondition(rate > 0, "a clock that doesn't advance drives nothing")
        anchor = Mutex(Anchor(instant: .now, time: start, rate: rate))
    }

    /// The time now.
    public func now() -> EventTime {
        anchor.withLock { ScaledClock.time($0) }
    }

    /// Goes on at another rate.
    public func setRate(_ rate: Double) {
        precondition(rate > 0, "a clock that doesn't advance drives nothing")
        anchor.withLock { anchor in
            // A new anchor costs a fraction of a millisecond: asked again and again, the clock would lag.
            if rate == anchor.rate { return }
            anchor = Anchor(instant: .now, time: ScaledClock.time(anchor), rate: rate)
        }
    }

    /// How many real milliseconds pass while this clock advances by `milliseconds`.
    public func realMilliseconds(for milliseconds: Int64) -> Int64 {
        anchor.withLock { Int64((Double(milliseconds) / $0.rate).rounded(.up)) }
    }

    private static func time(_ anchor: Anchor) -> EventTime {
        let elapsed = anchor.instant.duration(to: .now)
        let seconds =
            Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
        return anchor.time.advanced(byMilliseconds: Int64(seconds * 1_000 * anchor.rate))
    }
}
