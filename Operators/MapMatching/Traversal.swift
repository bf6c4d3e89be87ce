public import Records
public import RoadNetwork

/// A user's passage over one directed segment, or over a part of it.
///
/// A user's traversals join up: one starts where and when the one before it ended, unless the track
/// was broken between them.
public struct Traversal: Hashable, Sendable {
    /// The segment's index in the graph.
    public var segment: Int
    /// The segment's lasting name.
    public var id: SegmentID
    /// When the user entered the segment, or was first placed on it.
    public var enterTime: EventTime
    /// When the user left it; the traversal's own event time.
    public var leaveTime: EventTime
    /// Metres from the segment's start where the passage begins.
    public var enterOffset: Double
    /// Metres from the segment's start where it ends.
    public var leaveOffset: Double
    /// Whether the segment was passed from its start to its end.
    public var isComplete: Bool
    /// ``Observation/sequence`` of the observation behind the segment's end that completed the passage.
    public var completedBy: UInt64
    /// The time of that observation.
    public var completionTime: EventTime
    /// How probable the way is among all that the observations allowed when it was decided, 0 to 1: 1 where
    /// all paths agreed.
    public var confidence: Double

    /// Whether the track ends on the segment, or is taken to end at the crossing at its end.
    public var endsTrack: Bool

    /// Metres covered.
    public var length: Double { leaveOffset - enterOffset }

    /// Seconds between entering and leaving, at least a millisecond.
    public var duration: Double {
        Double(max(1, leaveTime.millisecondsSince(enterTime))) / 1_000
    }

    /// Metres per second.
    public var speed: Double { length / duration }
}
