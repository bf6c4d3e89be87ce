internal import Dataflow
internal import Fleet
internal import Foundation
internal import KafkaClient
internal import PostgresClient
internal import Records
internal import RoadNetwork
internal import Runtime
internal import Serving
internal import TrafficUpdates

/// One run of the main job: broker, pipelines, fleet, and what came of it.
struct Demo {
    private let options: DemoCommand
    private let roads: RoadGraph
    private let resources = ResourceCache()
    private let scenario: FleetScenario
    private let clock: ScaledClock
    private let liveFrom: EventTime
    private let interruption = Interruption()
    private let kept: KeptRun
    /// The names of the vehicles of this process: a run that is continued has others than before.
    private let users: FleetUsers
    private let isContinued: Bool
    /// Whether Kafka is somebody else's, and not the broker that this run starts.
    private let isShared: Bool
    /// The topic in which the pipeline tells where it has placed each location, for the judge.
    static let matchedLocations = "matched-locations"
    /// The topic in which it tells each passage, for the judge.
    static let traversals = "traversals"
    /// How often the clock is noted, in real seconds.
    private static let noteSeconds = 5.0
    /// How long pipelines may take to get their partitions, in waits of 50 ms: two minutes.
    private static let startAttempts = 2_400
    /// Requests of the fleet that are under way at a time.
    private static let lanes = 96

    /// Loads the map and sets the clock.
    init(_ options: DemoCommand) throws {
        self.options = options
        let started = ContinuousClock.now
        roads = try Catalogue.map(at: options.fleet.map)
        print(
            "map              \(options.fleet.map.isEmpty ? "synthetic city" : options.fleet.map): \(roads.segmentCount) directed segments, \(started.duration(to: .now).formatted(.units(allowed: [.seconds, .milliseconds], width: .narrow)))"
        )
        var scenario = options.fleet.scenario(
            seconds: options.simulated + options.live + options.runOut)
        // The picture shows the end of the fast part.
        scenario.showDisturbances(at: options.simulated)
        // The fast part ends about now, on a full minute.
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        let start = (now - Int64(options.simulated * 1_000)) / 60_000 * 60_000
        isShared = !(ProcessInfo.processInfo.environment["KAFKA_BOOTSTRAP_SERVERS"] ?? "").isEmpty
        let last = options.keep ? try KeptRun.load(Demo.keptPath(options)) : nil
        kept = try KeptRun.next(
            after: last, at: EventTime(milliseconds: now), start: EventTime(milliseconds: start),
            map: options.fleet.map, partitions: options.partitions, isShared: isShared)
        users = .run(at: EventTime(milliseconds: now))
        isContinued = last.map { !$0.ended } ?? false
        scenario.start = EventTime(milliseconds: kept.clock)
        self.scenario = scenario
        clock = ScaledClock(start: scenario.start, rate: options.simulated / options.duration)
        liveFrom = scenario.start.advanced(byMilliseconds: Int64(options.simulated * 1_000))
    }

    private static func keptPath(_ options: DemoCommand) -> String {
        "\(options.out)/demo.json"
    }

    /// Notes how far the clock has come, or will have come before it is noted again.
    private func note(ended: Bool = false, isStopped: Bool = false) throws {
        var kept = kept
        // Twice the pause, since a busy machine may be late; a run that is killed leaves the last note.
        let ahead = 2 * Demo.noteSeconds * max(1, options.simulated / options.duration)
        kept.clock = clock.now().milliseconds + (isStopped ? 0 : Int64(ahead * 1_000))
        kept.ended = ended
        try kept.save(Demo.keptPath(options))
    }

    /// Forgets what earlier runs left.
    private func wipe() {
        for name in ["broker", "checkpoints", "demo.json"] {
            try? FileManager.default.removeItem(atPath: "\(options.out)/\(name)")
        }
    }

    /// Runs everything.
    ///
    /// - Throws: `CancellationError` when a signal stopped it, after all has stopped in order.
    func run() async throws -> RunSummary {
        let following = interruption.follow(StopSignals())
        defer { following.cancel() }
        if !options.keep { wipe() }
        if isContinued {
            print("continuing       run \(kept.run), whose clock stood at \(scenario.start)")
        }
        if options.keep {
            print("                 judged are this run's own locations, not those of earlier ones")
        }
        if isShared { return try await run(try ServiceEnvironment.current()) }
        let broker = try BrokerProcess(data: "\(options.out)/broker")
        defer { broker.stop() }
        print("broker           \(broker.address)")
        return try await run(
            ServiceEnvironment(
                kafka: try KafkaConfiguration(bootstrapServers: broker.address),
                postgres: try PostgresConfiguration(
                    environment: ProcessInfo.processInfo.environment)))
    }

    private func settings(_ name: String) -> PipelineRunner.Settings {
        var settings = PipelineRunner.Settings(
            run: "\(name)-\(kept.run)",
            checkpoints: CheckpointPlace(text: "\(options.out)/checkpoints"))
        settings.threads = options.threads
        settings.partitions = options.partitions
        settings.options.commitIntervalMilliseconds = 250
        settings.startsAtEnd = kept.startsAtEnd
        if name == "traffic-updates" {
            // While the clock runs fast, a moment's wait is no silence, and who comes behind it is not late.
            let rate = options.simulated / options.duration
            let defaults = TrafficUpdates.defaults
            settings.parameters =
                "map: \"\(options.fleet.map)\"\nidleAfter: \(defaults.idleAfter * rate)\n"
                + "lateness: \(defaults.lateness * rate)\n"
                + "matchedLocations: \(Demo.matchedLocations)\n"
                + "traversals: \(Demo.traversals)\n"
        }
        return settings
    }

    private func run(_ services: ServiceEnvironment) async throws -> RunSummary {
        let roads = roads
        resources.provide("roads", roads)
        let ingest = try runner("location-ingest", services)
        let traffic = try runner("traffic-updates", services)
        do {
            return try await run(ingest, traffic, services)
        } catch is CancellationError {
            // The sources have ended; what is in the log is the next run's.
            print("stopping         checkpoints, offsets, sinks")
            ingest.stop()
            traffic.stop()
            if try KeptRun.load(Demo.keptPath(options))?.ended != true { try note(isStopped: true) }
            throw CancellationError()
        }
    }

    private func run(
        _ ingest: PipelineRunner, _ traffic: PipelineRunner, _ services: ServiceEnvironment
    ) async throws -> RunSummary {
        try note()
        let noting = Task {
            while !Task.isCancelled {
                try? note()
                try? await Task.sleep(for: .seconds(Demo.noteSeconds))
            }
        }
        defer { noting.cancel() }
        try await waitUntilRunning([ingest, traffic])
        let door = try IngestDoor(
            ingest, services, clock: clock, listen: "127.0.0.1:0", concurrentRequests: 2_048)
        let serving = Task { try await door.run() }
        let port = try await door.port
        print("door             http://127.0.0.1:\(port)/v1/locations")
        let feed = FleetFeed(
            try FleetSimulator(graph: roads, scenario: scenario), lanes: Demo.lanes, clock: clock,
            liveFrom: liveFrom, users: users, interruption: interruption)
        let pool = PostgresPool(try required(services.postgres), size: 2)
        let probe = LatencyProbe(pool, clock: clock, from: liveFrom)
        let totals = try await drive(feed, port: port, probe: probe, [ingest, traffic])
        print(
            "draining         every request is answered, every window closes, every row is written")
        await door.stop()
        try await serving.value
        noting.cancel()
        await noting.value
        if interruption.isRequested { throw CancellationError() }
        // From here on windows are closed for good, even if the rest is interrupted.
        try note(ended: true, isStopped: true)
        for runner in [ingest, traffic] {
            try await runner.finish(unless: interruption) { print("draining \($0.stage): \($0)") }
        }
        try note(ended: true, isStopped: true)
        try? await probe.look()
        let judge = DemoJudge(
            roads: roads, truth: await feed.truth, scenario: scenario, liveFrom: liveFrom,
            measuredUntil: liveFrom.advanced(byMilliseconds: Int64(options.live * 1_000)),
            users: users, services: services, pool: pool)
        var summary = try await judge.summary(probe, feed)
        summary.sent = await feed.sent
        summary.accepted = totals.accepted
        summary.rejected = totals.rejected
        summary.late = try judge.deadLetters(traffic.plan)
        summary.lag = try judge.lag([ingest, traffic])
        try await draw(pool)
        await pool.close()
        return summary
    }

    private func draw(_ pool: PostgresPool) async throws {
        var picture = TrafficPicture(roads: roads)
        picture.attribution = options.fleet.map.isEmpty ? nil : "© OpenStreetMap contributors"
        let svg = try await picture.map(pool, at: liveFrom).svg
        try TrafficPicture.write(svg, to: "\(options.out)/traffic.svg")
        print("picture          \(options.out)/traffic.svg")
        do {
            try TrafficPicture.write(svg, to: "\(options.out)/traffic.png")
            print("                 \(options.out)/traffic.png")
        } catch let error as DataflowError {
            print("                 no PNG: \(error.message)")
        }
    }

    private func required(_ postgres: PostgresConfiguration?) throws -> PostgresConfiguration {
        guard let postgres else {
            throw DataflowError(.invalidConfiguration, domain: .user, "DATABASE_URL is not set")
        }
        return postgres
    }

    private func runner(_ name: String, _ services: ServiceEnvironment) throws -> PipelineRunner {
        try PipelineRunner(
            try Catalogue.entry(name), settings(name), services, clock: clock,
            resources: resources)
    }

    private func waitUntilRunning(_ runners: [PipelineRunner]) async throws {
        for _ in 0..<Demo.startAttempts {
            if interruption.isRequested { throw CancellationError() }
            if let failure = runners.lazy.compactMap(\.failure).first { throw failure }
            if runners.allSatisfy(\.isRunning) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw DataflowError(
            .logUnavailable, domain: .external, "the pipelines did not get their partitions")
    }

    /// Sends what the fleet sees, with a line of progress every few seconds.
    private func drive(
        _ feed: FleetFeed, port: Int, probe: LatencyProbe, _ runners: [PipelineRunner]
    ) async throws -> IngestClientTotals {
        var configuration = IngestClientConfiguration()
        configuration.url = "http://127.0.0.1:\(port)/v1/locations"
        configuration.concurrency = Demo.lanes
        let client = try IngestClient(configuration)
        let watching = Task { await probe.run() }
        let progress = Task { await report(feed, client, runners) }
        await feed.send(with: client)
        // The last commits come a moment behind the last location.
        for _ in 0..<10
        where !interruption.isRequested && !runners.contains(where: \.hasEnded) {
            try await Task.sleep(for: .milliseconds(100))
        }
        progress.cancel()
        watching.cancel()
        let totals = client.totals
        try await client.shutdown()
        print(
            "requests         \(totals.bodies), \(totals.attempts - totals.bodies) of them sent again, \(totals.refused) refused, \(totals.failed) given up"
        )
        if let failure = runners.lazy.compactMap(\.failure).first { throw failure }
        return totals
    }

    private func report(
        _ feed: FleetFeed, _ client: IngestClient, _ runners: [PipelineRunner]
    ) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(5))
            let sent = await feed.sent
            let totals = client.totals
            let rows = runners.reduce(0) { $0 + $1.counted("live-traffic", "rows") }
            let part = clock.now() < liveFrom ? "fast" : "live"
            print(
                "\(part)  \(clock.now())  sent \(sent)  accepted \(totals.accepted)  traffic rows written \(rows)"
            )
            if let failure = runners.lazy.compactMap(\.failure).first {
                print("FAULT            \(failure)")
                await feed.stop()
            }
        }
    }
}
