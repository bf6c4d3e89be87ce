internal import PostgresClient
internal import Records
internal import RoadNetwork
internal import Runtime
internal import Synchronization
internal import TrafficUpdates

/// Watches the table `live_traffic` and notes when a row first counted its first, second, third … passage, and when
/// it was last revised.
final class LatencyProbe: Sendable {
    /// A row of the table.
    struct Row: Hashable {
        let segment: SegmentID
        let windowStart: EventTime
    }

    /// The sending of the location that completed a passage.
    private struct Send {
        let sent: EventTime
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

    /// What has become of a row.
    private struct History {
        /// When it first counted its first, second, third … passage.
        var counted: [EventTime] = []
        /// What it was last revised to, and when that was seen first.
        var revision = Int64.min
        var revised = EventTime.min
    }

    private let seen = Mutex<[Row: History]>([:])
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
                var history = seen[sighting.row] ?? History()
                let more = sighting.traversals - history.counted.count
                if more > 0 { history.counted += Array(repeating: now, count: more) }
                if sighting.revision != history.revision {
                    (history.revision, history.revised) = (sighting.revision, now)
                }
                seen[sighting.row] = history
            }
        }
    }

    /// Seconds from the start of a window to the last revision of each of its rows, for windows that lie between
    /// the probe's beginning and a time.
    func finalRows(windowMilliseconds: Int64, endingBy end: EventTime) -> [Double] {
        seen.withLock { seen in
            seen.compactMap { row, history in
                let windowEnd = row.windowStart.advanced(byMilliseconds: windowMilliseconds)
                guard row.windowStart >= from, windowEnd <= end else { return nil }
                return Double(history.revised.millisecondsSince(row.windowStart)) / 1_000
            }.sorted()
        }
    }

    /// Seconds from the sending of the location that completed each passage to the first row that counted
    /// it, the n-th passage of a row being counted when the row first counts n.
    ///
    /// A row that is withheld until enough vehicles have passed says nothing of how fast the pipeline is, so
    /// its first passages are timed from the sending that made it publishable.
    ///
    /// - Parameter isTimed: whether a passage's latency counts; the others count as passages of their row only.
    func latencies(
        of traversals: [SegmentTraversal], windowMilliseconds: Int64, minimumVehicles: Int,
        isTimed: (SegmentTraversal) -> Bool, sentAt: (SegmentTraversal) -> EventTime?
    ) -> PassageLatencies {
        var sends: [Row: [Send]] = [:]
        for traversal in traversals {
            let start = traversal.leftAt.milliseconds / windowMilliseconds * windowMilliseconds
            guard start >= from.milliseconds, let sent = sentAt(traversal) else { continue }
            let row = Row(
                segment: traversal.segment, windowStart: EventTime(milliseconds: start))
            sends[row, default: []].append(
                Send(sent: sent, vehicle: traversal.vehicle, isTimed: isTimed(traversal)))
        }
        var result = PassageLatencies()
        seen.withLock { seen in
            for (row, times) in sends {
                let counted = seen[row]?.counted ?? []
                let ordered = times.sorted { $0.sent < $1.sent }
                let publishable = LatencyProbe.publishable(ordered, minimumVehicles)
                for (index, send) in ordered.enumerated() where send.isTimed {
                    guard index < counted.count else {
                        result.unpublished += 1
                        continue
                    }
                    result.add(
                        counted[index], sent: send.sent, publishable: publishable ?? send.sent)
                }
            }
        }
        return result
    }

    /// When the passage was sent with which enough distinct vehicles had passed.
    private static func publishable(
        _ ordered: [Send], _ minimumVehicles: Int
    ) -> EventTime? {
        var vehicles: Set<UInt64> = []
        for send in ordered {
            vehicles.insert(send.vehicle)
            if vehicles.count >= minimumVehicles { return send.sent }
        }
        return nil
    }
}
