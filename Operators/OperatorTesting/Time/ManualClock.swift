public import Records
internal import Synchronization

/// A clock whose hands a test turns.
public final class ManualClock: EventClock {
    private let time: Mutex<EventTime>

    /// Starts a clock that stands at `start`.
    public init(_ start: EventTime = EventTime(milliseconds: 0)) {
        time = Mutex(start)
    }

    /// The time that the clock was set to.
    public func now() -> EventTime { time.withLock { $0 } }

    /// Turns the hands on, or back.
    public func advance(byMilliseconds milliseconds: Int64) {
        time.withLock { $0 = $0.advanced(byMilliseconds: milliseconds) }
    }

    /// Sets the hands.
    public func set(_ now: EventTime) {
        time.withLock { $0 = now }
    }
}
