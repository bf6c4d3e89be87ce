public import Records

/// How event time is cut into windows, how long late records may revise one, and how often early results
/// are published.
public struct WindowSpec: Hashable, Sendable {
    /// The length of each window, in milliseconds.
    public var sizeMilliseconds: Int64
    /// How long after its end a window may still be revised, in milliseconds of event time.
    public var latenessMilliseconds: Int64 = 0
    /// How often an unfinished window is published at most, key by key, in milliseconds of the clock; nil: not
    /// before its end.
    public var earlyMilliseconds: Int64?

    /// Windows that follow one another without gap or overlap, aligned to 1970-01-01T00:00Z.
    ///
    /// A `size` of less than a millisecond is a fault of the pipeline that windows by it.
    public static func tumbling(_ size: Duration) -> WindowSpec {
        WindowSpec(sizeMilliseconds: size.milliseconds)
    }

    /// Keeps windows open to revision for `lateness` of event time behind their end.
    public func allowingLateness(_ lateness: Duration) -> WindowSpec {
        var copy = self
        copy.latenessMilliseconds = max(0, lateness.milliseconds)
        return copy
    }

    /// Publishes unfinished windows key by key: a change at once, unless the key's last early result is less
    /// than an `interval` of the clock old, and then when it is.
    public func emit(every interval: Duration) -> WindowSpec {
        var copy = self
        copy.earlyMilliseconds = max(1, interval.milliseconds)
        return copy
    }

    /// The start of the window that a time belongs to, in milliseconds.
    @inlinable
    func start(of time: EventTime) -> Int64 {
        let remainder = time.milliseconds % sizeMilliseconds
        return time.milliseconds &- (remainder < 0 ? remainder &+ sizeMilliseconds : remainder)
    }

    /// The window that begins at `start`.
    @inlinable
    func window(startingAt start: Int64) -> Window {
        Window(
            start: EventTime(milliseconds: start),
            end: EventTime(milliseconds: start).advanced(byMilliseconds: sizeMilliseconds))
    }

    /// When the window that begins at `start` can no longer be revised.
    @inlinable
    func finalTime(startingAt start: Int64) -> EventTime {
        EventTime(milliseconds: start)
            .advanced(byMilliseconds: sizeMilliseconds)
            .advanced(byMilliseconds: latenessMilliseconds)
    }
}
