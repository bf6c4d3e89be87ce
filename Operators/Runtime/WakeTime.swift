package import Records

/// When a lane tells its worker the time next: the earliest of what the worker has asked for since it was told
/// last.
///
/// A later wish must not put off an earlier one: a retry in some seconds would silence the ticks of every task of
/// the thread until then.
package struct WakeTime {
    /// After how long a worker is told the time that has asked for nothing, in milliseconds of the clock: its ticks
    /// are more frequent, so this is met by one that failed before it could ask.
    static let longestMilliseconds: Int64 = 1_000

    private var earliest = EventTime.min
    private var toldAt = EventTime.min

    /// A worker that is told at once.
    package init() {}

    /// Takes down what a worker asks for.
    package mutating func ask(for time: EventTime) { earliest = min(earliest, time) }

    /// Whether the worker is to be told; so it is at once when the clock was turned back, as what it has asked for
    /// may lie far ahead then.
    package func isDue(at now: EventTime) -> Bool { now >= earliest || now < toldAt }

    /// The worker is told: what it asks for from now on counts.
    package mutating func tell(at now: EventTime) {
        toldAt = now
        earliest = now.advanced(byMilliseconds: WakeTime.longestMilliseconds)
    }
}
