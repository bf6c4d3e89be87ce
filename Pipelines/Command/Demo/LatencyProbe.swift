internal import PostgresClient
internal import Records
internal import RoadNetwork
internal import Runtime
internal import Synchronization

/// Watches the table `live_traffic` and notes each revision of its rows, and what that counted.
final class LatencyProbe: Sendable {
    /// How often the table is read, in real milliseconds: the measurement's resolution.
    static let pauseMilliseconds = 200

    /// What was seen of a row.
    struct Sighting {
        let row: TrafficRow
        let revision: Int64
        let content: RowRevision.Content
    }

    /// The revisions of each row, at most one for each look at the table.
    private let seen = Mutex<[TrafficRow: [RowRevision]]>([:])
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
                "SELECT segment_id, window_start, revision, traversals, vehicles, speed_kmh,"
                    + " deviation_kmh FROM live_traffic WHERE window_start >= $1", [.time(from)]
            ).map { row in
                Sighting(
                    row: TrafficRow(
                        segment: SegmentID(
                            rawValue: UInt64(bitPattern: try row.value(0, as: Int64.self))),
                        windowStart: try row.value(1, as: EventTime.self)),
                    revision: try row.value(2, as: Int64.self),
                    content: RowRevision.Content(
                        traversals: Int(try row.value(3, as: Int64.self)),
                        vehicles: Int(try row.value(4, as: Int64.self)),
                        speed: try row.value(5, as: Double.self),
                        deviation: try row.value(6, as: Double.self)))
            }
        }
        note(rows, at: clock.now())
    }

    /// Notes all that stands in the table at a time.
    func note(_ rows: [Sighting], at now: EventTime) {
        let present = Set(rows.map(\.row))
        seen.withLock { seen in
            for sighting in rows where seen[sighting.row]?.last?.number != sighting.revision {
                seen[sighting.row, default: []].append(
                    RowRevision(seen: now, number: sighting.revision, content: sighting.content))
            }
            for (row, revisions) in seen
            where revisions.last?.content != nil && !present.contains(row) {
                seen[row]?.append(RowRevision(seen: now, number: nil, content: nil))
            }
        }
    }

    /// What was seen of each row, in the order of time.
    var revisions: [TrafficRow: [RowRevision]] { seen.withLock { $0 } }

    /// Seconds from the start of a window to the last revision of each of its rows, for windows that lie between
    /// the probe's beginning and a time.
    func finalRows(windowMilliseconds: Int64, endingBy end: EventTime) -> [Double] {
        revisions.compactMap { row, revisions in
            let windowEnd = row.windowStart.advanced(byMilliseconds: windowMilliseconds)
            guard row.windowStart >= from, windowEnd <= end, let last = revisions.last
            else { return nil }
            return Double(last.seen.millisecondsSince(row.windowStart)) / 1_000
        }.sorted()
    }
}
