internal import PostgresClient
internal import Records
internal import RoadNetwork
internal import Runtime
internal import Synchronization
internal import TrafficUpdates

/// Watches the table `live_traffic` and notes when a row first counted its first, second, third … passage.
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

    private let seen = Mutex<[Row: [EventTime]]>([:])
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
                "SELECT segment_id, window_start, traversals FROM live_traffic"
                    + " WHERE window_start >= $1", [.time(from)]
            ).map { row in
                (
                    Row(
                        segment: SegmentID(
                            rawValue: UInt64(bitPattern: try row.value(0, as: Int64.self))),
                        windowStart: try row.value(1, as: EventTime.self)),
                    Int(try row.value(2, as: Int64.self))
                )
            }
        }
        let now = clock.now()
        seen.withLock { seen in
            for (row, count) in rows {
                let known = seen[row]?.count ?? 0
                if count > known {
                    seen[row, default: []] += Array(repeating: now, count: count - known)
                }
            }
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
                let counted = seen[row] ?? []
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
