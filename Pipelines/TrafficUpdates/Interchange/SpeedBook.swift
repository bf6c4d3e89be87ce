public import Records
public import RoadNetwork
internal import Transforms

/// The newest speed of each segment, as `traffic-updates` tells it: what routers are given.
public struct SpeedBook: Sendable {
    private var updates: [SegmentID: TrafficUpdate] = [:]
    /// Segments of which something else is known than when they were last asked for.
    private var changed: Set<SegmentID> = []
    /// The newest window's end.
    public private(set) var newest = EventTime.min

    /// Knows of nothing.
    public init() {}

    /// Of how many segments a speed is known.
    public var count: Int { updates.count }

    /// Takes an update in: a newer window, a revision of the same, or that a speed is published no more.
    public mutating func take(_ update: TrafficUpdate) {
        let known = updates[update.segment]
        guard update.measure != nil else {
            // A tombstone takes back its own window only, and tells no revision.
            if known?.window == update.window { forget(update.segment) }
            return
        }
        newest = max(newest, update.window.end)
        if let known, known.window.start > update.window.start { return }
        if let known, known.window == update.window, known.revision > update.revision { return }
        updates[update.segment] = update
        changed.insert(update.segment)
    }

    /// Forgets windows that ended before a time.
    public mutating func forget(endedBefore time: EventTime) {
        for (segment, update) in updates where update.window.end < time { forget(segment) }
    }

    private mutating func forget(_ segment: SegmentID) {
        updates[segment] = nil
        changed.insert(segment)
    }

    /// What is known of a segment.
    public subscript(_ segment: SegmentID) -> TrafficUpdate.Measure? { updates[segment]?.measure }

    /// The segments of which something is known, by their numbers.
    public var segments: [SegmentID] { updates.keys.sorted() }

    /// The segments that have changed since the last call, by their numbers.
    public mutating func takeChanges() -> [SegmentID] {
        defer { changed.removeAll(keepingCapacity: true) }
        return changed.sorted()
    }
}
