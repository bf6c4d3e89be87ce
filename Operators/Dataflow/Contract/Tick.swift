public import Records

/// What a task tells its operators when the clock has moved.
public struct Tick: Sendable {
    /// The time by the injected clock.
    public var now: EventTime
    /// Since when the input has had nothing to read; nil while there is something or it isn't known.
    public var idleSince: EventTime?
    /// Whether a recording is played, or history: then event time never follows the clock.
    public var isBounded: Bool
    /// The newest event time of a recording that has ended, on all of its partitions; nil while it goes on.
    public var recordingEnd: EventTime?

    /// Makes a tick.
    @inlinable
    public init(
        now: EventTime, idleSince: EventTime? = nil, isBounded: Bool = false,
        recordingEnd: EventTime? = nil
    ) {
        self.now = now
        self.idleSince = idleSince
        self.isBounded = isBounded
        self.recordingEnd = recordingEnd
    }
}
