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
        summary.take(
            finalRows: probe.finalRows(
                windowMilliseconds: DemoJudge.windowMilliseconds, endingBy: measuredUntil),
            FinalRowBounds(TrafficUpdates.defaults))
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
        let sent = await feed.sendTimes
        let vehicles = pseudonyms()
        let defaults = TrafficUpdates.defaults
        // Without a live part nothing is timed.
        var causes = PassageCauses()
        if !sent.isEmpty {
            causes = try PassageCauses(
                topic: defaults.locations, services.kafka,
                try TripFollower(roads: roads, parameters: defaults), since: scenario.start,
                users: users
            ) { user, time in
                users.vehicle(ofUserID: user).flatMap { sent[.init(vehicle: $0, time: time)] }
            }
        }
        var ledger = PassageLedger(windowMilliseconds: DemoJudge.windowMilliseconds)
        var tellings = PassageTellings(windowMilliseconds: DemoJudge.windowMilliseconds)
        try TopicScan.read(Demo.traversals, services.kafka, as: SegmentTraversal.self) { record in
            ledger.take(record)
            guard record.leftAt >= liveFrom, let vehicle = vehicles[record.vehicle],
                let completed = sent[.init(vehicle: vehicle, time: record.completedAt)]
            else { return }
            tellings.take(
                Telling(
                    passage: record, completed: completed,
                    caused: causes.next(for: record) ?? completed))
        }
        tellings.finish()
        let minimumVehicles = defaults.minimumVehicles
        (summary.rows_compared, summary.rows_different) = ledger.differences(
            from: try await countedPassages(), minimumVehicles: minimumVehicles,
            since: scenario.start)
        summary.take(
            PassageLatencies(
                tellings, probe.revisions, minimumVehicles: minimumVehicles, from: liveFrom,
                until: measuredUntil))
    }

    /// How many passages the rows of this run's windows count.
    private func countedPassages() async throws -> [TrafficRow: Int] {
        let from = scenario.start
        let rows = try await pool.withConnection { connection in
            try connection.query(
                "SELECT segment_id, window_start, traversals FROM live_traffic"
                    + " WHERE window_start >= $1", [.time(from)]
            ).map { row in
                let segment = UInt64(bitPattern: try row.value(0, as: Int64.self))
                return (
                    TrafficRow(
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
