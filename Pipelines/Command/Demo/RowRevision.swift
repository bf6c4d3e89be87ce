internal import Records
internal import RoadNetwork
internal import TrafficUpdates

/// Which row of `live_traffic`: a directed segment in a minute.
struct TrafficRow: Hashable {
    let segment: SegmentID
    let windowStart: EventTime
}

extension TrafficRow {
    /// The row that counts a passage.
    init(of passage: SegmentTraversal, windowMilliseconds: Int64) {
        let start = passage.leftAt.milliseconds / windowMilliseconds * windowMilliseconds
        self.init(segment: passage.segment, windowStart: EventTime(milliseconds: start))
    }
}

/// What a row of `live_traffic` said from a moment on.
struct RowRevision: Hashable {
    /// What a row is made of.
    struct Content: Hashable {
        let traversals: Int
        let vehicles: Int
        /// km/h.
        let speed: Double
        /// km/h.
        let deviation: Double
    }

    /// When the table first said so, as far as it was looked at.
    let seen: EventTime
    /// The row's own count of its revisions; nil when there was none.
    let number: Int64?
    /// Nil: there was no such row any more, as too few vehicles had passed.
    let content: Content?
}
