internal import PostgresClient
internal import Records
internal import RoadNetwork
internal import Runtime
internal import Synchronization
internal import TrafficUpdates

/// Watches the table `live_traffic` and notes each revision of its rows, and how many passages that counted.
final class LatencyProbe: Sendable {
    /// A row of the table.
    struct Row: Hashable {
        let segment: SegmentID
        let windowStart: EventTime
    }

    /// When what tells of a passage was sent.
    struct Sending {
        /// The first location behind the segment's end.
        let first: EventTime
        /// The location from which on the passage could be known as it stands.
        ///
        /// Where it stands in the place of one that was taken back, the overtaken one that has shown it. No revision
        /// before counts it.
        let known: EventTime
    }

    private struct Send {
        let sending: Sending
        let vehicle: UInt64
        let isTimed: Bool
    }

    /// How often the table is read, in real milliseconds: the measurement's resolution.
    static let pauseMilliseconds = 200

    /// What was seen of a row.
    struct Sighting {
        let row: Row
        let traversals: Int
        let revision: Int64
    }

    /// What a row said from a moment on.
    private struct Revision {
        let seen: EventTime
        let number: Int64
        let traversals: Int
    }

    /// The revisions of each row, at most one for each look at the table.
    private let seen = Mutex<[Row: [Revision]]>([:])
    private let pool: PostgresPool
    private let clock: ScaledClock
    private let from: EventTime

    /// Watches windows that start at `from` or later.
    init(_ pool: PostgresPool, clock: ScaledClock, from: EventTime) {
        self.pool = pool
        self.clock = clock
        self.from = from
    }

    /// Watches until it is cancelled.
    func run() async {
        while !Task.isCancelled {
            if clock.now() >= from { try? await look() }
            try? await Task.sleep(for: .milliseconds(LatencyProbe.pauseMilliseconds))
        }
    }

    /// Reads the table once.
    func look() async throws {
        let from = from
        let rows = try await pool.withConnection { connection in
            try connection.query(
                "SELECT segment_id, window_start, traversals, revision FROM live_traffic"
                    + " WHERE window_start >= $1", [.time(from)]
            ).map { row in
                Sighting(
                    row: Row(
                        segment: SegmentID(
                            rawValue: UInt64(bitPattern: try row.value(0, as: Int64.self))),
                        windowStart: try row.value(1, as: EventTime.self)),
                    traversals: Int(try row.value(2, as: Int64.self)),
                    revision: try row.value(3, as: Int64.self))
            }
        }
        note(rows, at: clock.now())
    }

    /// Notes what stands in the table at a time.
    func note(_ rows: [Sighting], at now: EventTime) {
        seen.withLock { seen in
            for sighting in rows {
                if let last = seen[sighting.row]?.last, last.number == sighting.revision {
                    continue
                }
                seen[sighting.row, default: []].append(
                    Revision(
                        seen: now, number: sighting.revision, traversals: sighting.traversals))
            }
        }
    }

    /// Seconds from the start of a window to the last revision of each of its rows, for windows that lie between
    /// the probe's beginning and a time.
    func finalRows(windowMilliseconds: Int64, endingBy end: EventTime) -> [Double] {
        seen.withLock { seen in
            seen.compactMap { row, revisions in
                let windowEnd = row.windowStart.advanced(byMilliseconds: windowMilliseconds)
                guard row.windowStart >= from, windowEnd <= end, let last = revisions.last
                else { return nil }
                return Double(last.seen.millisecondsSince(row.windowStart)) / 1_000
            }.sorted()
        }
    }

    /// Seconds from the sending of the first location behind a segment's end to the first revision of a row that counts
    /// the passage: one that was seen when the passage could be known, and counts as many as were known by then.
    ///
    /// So a passage that stands in the place of one that was taken back is timed from when the first could be told to
    /// when it was corrected, the waiting for the overtaken location in between. A row that is withheld until enough
    /// vehicles have passed says nothing of how fast the pipeline is, so its first passages are timed from the sending
    /// that made it publishable.
    ///
    /// - Parameter isTimed: whether a passage's latency counts; the others count as passages of their row only.
    func latencies(
        of traversals: [SegmentTraversal], windowMilliseconds: Int64, minimumVehicles: Int,
        isTimed: (SegmentTraversal) -> Bool, sending: (SegmentTraversal) -> Sending?
    ) -> PassageLatencies {
        var sends: [Row: [Send]] = [:]
        for traversal in traversals {
            let start = traversal.leftAt.milliseconds / windowMilliseconds * windowMilliseconds
            guard start >= from.milliseconds, let sending = sending(traversal) else { continue }
            let row = Row(
                segment: traversal.segment, windowStart: EventTime(milliseconds: start))
            sends[row, default: []].append(
                Send(sending: sending, vehicle: traversal.vehicle, isTimed: isTimed(traversal)))
        }
        var result = PassageLatencies()
        seen.withLock { seen in
            for (row, times) in sends {
                let revisions = seen[row] ?? []
                let ordered = times.sorted { $0.sending.known < $1.sending.known }
                let publishable = LatencyProbe.publishable(ordered, minimumVehicles)
                for (index, send) in ordered.enumerated() where send.isTimed {
                    let counting = revisions.first {
                        $0.seen >= send.sending.known && $0.traversals > index
                    }
                    guard let counting else {
                        result.unpublished += 1
                        continue
                    }
                    // A row may have been published with a passage that was taken back later.
                    let awaited = publishable.flatMap { $0 <= counting.seen ? $0 : nil }
                    result.add(
                        counting.seen, sent: send.sending.first,
                        publishable: awaited ?? send.sending.first)
                }
            }
        }
        return result
    }

    /// When the passage could be known with which enough distinct vehicles had passed.
    private static func publishable(
        _ ordered: [Send], _ minimumVehicles: Int
    ) -> EventTime? {
        var vehicles: Set<UInt64> = []
        for send in ordered {
            vehicles.insert(send.vehicle)
            if vehicles.count >= minimumVehicles { return send.sending.known }
        }
        return nil
    }
}
