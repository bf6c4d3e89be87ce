internal import Dataflow
internal import Fleet
internal import KafkaClient
internal import PostgresClient
internal import Records
internal import RoadNetwork
internal import TrafficUpdates

/// Compares what came out with what the fleet knows to be true.
///
/// Nobody else reads the truth.
struct DemoJudge {
    let roads: RoadGraph
    let truth: FleetTruth
    let scenario: FleetScenario
    let liveFrom: EventTime
    /// The end of what is measured.
    ///
    /// Passages that are completed before are timed, every one of them, and windows that end before. The fleet
    /// drives on behind it, so that what takes too long is seen taking it.
    let measuredUntil: EventTime
    /// The names of this run's vehicles: what others sent is not judged.
    let users: FleetUsers
    let services: ServiceEnvironment
    let pool: PostgresPool

    /// Everything but the sender's own counts.
    func summary(_ probe: LatencyProbe, _ feed: FleetFeed) async throws -> RunSummary {
        var summary = RunSummary()
        summary.stored = try await countStored()
        try judgeMatching(&summary)
        try await judgeSpeeds(&summary)
        try await judgeLatency(&summary, probe, feed)
        judgeFinalRows(&summary, probe)
        return summary
    }

    private func countStored() async throws -> Int {
        let (from, prefix) = (scenario.start, users.prefix)
        return try await pool.withConnection { connection in
            let result = try connection.query(
                "SELECT count(*) FROM user_location WHERE observed_at >= $1"
                    + " AND starts_with(user_id, $2)", [.time(from), .text(prefix)])
            return Int(try result.first?.value(0, as: Int64.self) ?? 0)
        }
    }

    private func judgeMatching(_ summary: inout RunSummary) throws {
        // At-least-once may say a thing twice; what is said of a position last counts.
        var right: [FleetFeed.SentPosition: Bool] = [:]
        try TopicScan.read(
            Demo.matchedLocations, services.kafka, as: MatchedLocation.self
        ) { matched in
            guard matched.observedAt >= scenario.start,
                let vehicle = users.vehicle(ofUserID: matched.userID)
            else { return }
            let segment = matched.segment.flatMap { roads.index(of: $0) }
            right[.init(vehicle: vehicle, time: matched.observedAt)] = truth.isRight(
                segment: segment, vehicle: vehicle, time: matched.observedAt)
        }
        summary.decided = right.count
        summary.matched_share =
            right.isEmpty ? 0 : Double(right.values.count { $0 }) / Double(right.count)
    }

    private func judgeSpeeds(_ summary: inout RunSummary) async throws {
        let from = scenario.start
        let rows = try await pool.withConnection { connection in
            try connection.query(
                "SELECT segment_id, window_start, speed_kmh FROM live_traffic"
                    + " WHERE window_start >= $1", [.time(from)]
            ).map { row in
                (
                    SegmentID(rawValue: UInt64(bitPattern: try row.value(0, as: Int64.self))),
                    try row.value(1, as: EventTime.self), try row.value(2, as: Double.self)
                )
            }
        }
        var published: [FleetTruth.Cell: Double] = [:]
        for (id, start, speed) in rows {
            guard let segment = roads.index(of: id) else { continue }
            let cell = FleetTruth.Cell(segment: segment, minute: FleetTruth.minute(of: start))
            published[cell] = speed / 3.6
        }
        summary.segments = Set(published.keys.map(\.segment)).count
        var (covered, error) = (0, 0.0)
        for (cell, true_) in truth.speeds().sorted(by: { $0.key < $1.key })
        where true_.vehicles >= 3 {
            summary.pairs += 1
            guard let speed = published[cell] else { continue }
            covered += 1
            error += (speed - true_.speed).magnitude / true_.speed
        }
        summary.coverage = summary.pairs > 0 ? Double(covered) / Double(summary.pairs) : 0
        summary.speed_error = covered > 0 ? error / Double(covered) : 1
    }

    private func judgeLatency(
        _ summary: inout RunSummary, _ probe: LatencyProbe, _ feed: FleetFeed
    ) async throws {
        var sent: [Int: [(time: EventTime, sent: EventTime)]] = [:]
        for (position, time) in await feed.sendTimes {
            sent[position.vehicle, default: []].append((position.time, time))
        }
        let sends = sent.mapValues { VehicleSends($0) }
        var ledger = PassageLedger(windowMilliseconds: DemoJudge.windowMilliseconds)
        try TopicScan.read("traversals", services.kafka, as: SegmentTraversal.self) {
            ledger.take($0)
        }
        let minimumVehicles = TrafficUpdates.defaults.minimumVehicles
        (summary.rows_compared, summary.rows_different) = ledger.differences(
            from: try await countedPassages(), minimumVehicles: minimumVehicles,
            since: scenario.start)
        let vehicles = pseudonyms()
        let measuredUntil = measuredUntil
        let live = ledger.standing.filter { $0.key.completedAt >= liveFrom }
        let latencies = probe.latencies(
            of: Array(live.keys), windowMilliseconds: DemoJudge.windowMilliseconds,
            minimumVehicles: minimumVehicles, isTimed: { $0.completedAt < measuredUntil }
        ) { traversal in
            vehicles[traversal.vehicle].flatMap {
                sends[$0]?.sending(of: traversal, isCorrected: live[traversal] ?? false)
            }
        }
        summary.corrected = live.count { $0.value && $0.key.completedAt < measuredUntil }
        summary.latency_count = latencies.toRow.count
        summary.unpublished = latencies.unpublished
        summary.latency_p50_s = PassageLatencies.quantile(0.5, of: latencies.toRow)
        summary.latency_p99_s = PassageLatencies.quantile(0.99, of: latencies.toRow)
        let awaited = latencies.withVehiclesAwaited
        summary.awaited_p50_s = PassageLatencies.quantile(0.5, of: awaited)
        summary.awaited_p99_s = PassageLatencies.quantile(0.99, of: awaited)
    }

    /// How many passages the rows of this run's windows count.
    private func countedPassages() async throws -> [LatencyProbe.Row: Int] {
        let from = scenario.start
        let rows = try await pool.withConnection { connection in
            try connection.query(
                "SELECT segment_id, window_start, traversals FROM live_traffic"
                    + " WHERE window_start >= $1", [.time(from)]
            ).map { row in
                let segment = UInt64(bitPattern: try row.value(0, as: Int64.self))
                return (
                    LatencyProbe.Row(
                        segment: SegmentID(rawValue: segment),
                        windowStart: try row.value(1, as: EventTime.self)),
                    Int(try row.value(2, as: Int64.self))
                )
            }
        }
        return Dictionary(rows) { $1 }
    }

    /// The vehicles of this run by the numbers that stand for them on the days of the run; the demo's key is the
    /// one that everybody knows.
    private func pseudonyms() -> [UInt64: Int] {
        let pseudonyms = Pseudonyms()
        var vehicles: [UInt64: Int] = [:]
        let end = scenario.start.advanced(byMilliseconds: Int64(scenario.duration * 1_000))
        for vehicle in 0..<scenario.vehicles {
            let user = users.userID(ofVehicle: vehicle)
            for time in [scenario.start, end] {
                vehicles[pseudonyms.vehicle(user, at: time)] = vehicle
            }
        }
        return vehicles
    }

    /// How long after its window's start each row of a whole window was written for the last time.
    private func judgeFinalRows(_ summary: inout RunSummary, _ probe: LatencyProbe) {
        let bounds = FinalRowBounds(TrafficUpdates.defaults)
        let seconds = probe.finalRows(
            windowMilliseconds: DemoJudge.windowMilliseconds, endingBy: measuredUntil)
        summary.final_row_count = seconds.count
        summary.final_row_p50_s = PassageLatencies.quantile(0.5, of: seconds)
        summary.final_row_p99_s = PassageLatencies.quantile(0.99, of: seconds)
        summary.final_row_max_s = seconds.max() ?? 0
        summary.final_row_bound_s = bounds.usual
        summary.final_row_latest_s = bounds.latest
        summary.final_row_late = seconds.count { $0 > bounds.usual }
    }

    private static let windowMilliseconds = Int64(TrafficUpdates.defaults.window * 1_000)

    /// Records of this run that a pipeline has put aside.
    func deadLetters(_ plan: Plan) throws -> Int64 {
        var count: Int64 = 0
        try TopicScan.views(plan.deadLetterTopic, services.kafka) { letter in
            if letter.timestamp >= scenario.start { count += 1 }
        }
        return count
    }

    /// Records that the groups of stages with Kafka as their authority have not committed, and that the table
    /// `millrace.task_positions` does not cover for the others.
    func lag(_ runners: [PipelineRunner]) throws -> Int64 {
        let report = try LagReport(services)
        defer { report.close() }
        return try runners.reduce(0) { sum, runner in
            sum + (try report.rows(plan: runner.plan, run: runner.run).reduce(0) { $0 + $1.lag })
        }
    }
}
