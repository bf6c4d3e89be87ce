import Dataflow
import Geo
import LocationIngest
import OperatorTesting
import Records
import RoadNetwork
import Runtime
import State
import Testing
import TrafficUpdates

@Suite("traffic-updates, whole")
struct TrafficPipelineTests {
    private static let start = EventTime(milliseconds: 1_760_000_040_000)
    private static let plane = LocalProjection(origin: Coordinate(latitude: 49, longitude: 8))

    /// A straight road with a crossing every 150 m and a street to the north at each.
    static func town(columns: Int = 12) throws -> RoadGraph {
        var builder = RoadGraphBuilder()
        for column in 0..<columns {
            for row in 0..<2 {
                builder.addNode(
                    Int64(10 * column + row + 1),
                    plane.unproject(PlanarPoint(x: Double(column) * 150, y: Double(row) * 200)))
            }
            builder.addWay(
                Int64(100 + column), nodes: [Int64(10 * column + 1), Int64(10 * column + 2)],
                RoadAttributes(.residential, speedLimit: 30))
        }
        builder.addWay(
            1, nodes: (0..<columns).map { Int64(10 * $0 + 1) },
            RoadAttributes(.primary, speedLimit: 50))
        return try builder.build()
    }

    /// Cars that drive along the road at 11 m/s, a few seconds apart, seen every 4 s.
    private static func locations(cars: Int) -> [LocationUpdate] {
        var random = SeededGenerator(seed: 9)
        var locations: [LocationUpdate] = []
        for step in 0..<36 {
            for car in 0..<cars {
                let x = Double(step * 4 - car * 3) * 11
                if x < 0 || x > 1_620 { continue }
                let place = plane.unproject(
                    PlanarPoint(x: x + random.unit() * 6 - 3, y: random.unit() * 8 - 4))
                locations.append(
                    LocationUpdate(
                        userID: "car-\(car)", latitude: place.latitude,
                        longitude: place.longitude,
                        observedAt: start.advanced(
                            byMilliseconds: Int64(step * 4_000 + car * 10))))
            }
        }
        return locations
    }

    /// The defaults, with each passage told on a topic for the tests to judge.
    static var judged: TrafficUpdates.Parameters {
        var parameters = TrafficUpdates.Parameters()
        parameters.traversals = "traversals"
        return parameters
    }

    static func harness(
        _ graph: RoadGraph, _ cars: Int, _ parameters: TrafficUpdates.Parameters = Self.judged
    ) throws -> PipelineHarness {
        var options = SimulationOptions()
        options.worker.isBounded = true
        // What is driven lies in the past.
        options.start = start.advanced(byMilliseconds: 86_400_000)
        let harness = try PipelineHarness("traffic-updates", options) { builder in
            TrafficUpdates(loadMap: { _ in graph }).build(builder, parameters)
        }
        try harness.send(locations(cars: cars), to: "locations") { $0.observedAt }
        return harness
    }

    private static func traversals(_ harness: PipelineHarness) throws -> Set<SegmentTraversal> {
        Set(try harness.records(of: "traversals", as: SegmentTraversal.self))
    }

    /// How often each passage was published: a set would hide what is there twice.
    private static func passages(_ harness: PipelineHarness) throws -> [SegmentTraversal: Int] {
        try harness.records(of: "traversals", as: SegmentTraversal.self)
            .reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }

    /// Rows without what depends on when commits came: how often each was revised, and the last digits of sums.
    private static func settled(_ rows: [[TableValue]]) -> [[TableValue]] {
        rows.map { row in
            row.enumerated().filter { $0.offset != 6 }.map { _, value in
                if case .double(let number) = value { return .double((number * 1e6).rounded()) }
                return value
            }
        }
    }

    @Test("a row says how fast its road was, from the third vehicle on")
    func rows() throws {
        let graph = try TrafficPipelineTests.town()
        let harness = try TrafficPipelineTests.harness(graph, 4)
        try harness.finish()
        let rows = harness.rows(of: "live_traffic")
        // A row for each segment and minute in which three or more have passed.
        var users: [[UInt64]: Set<UInt64>] = [:]
        for traversal in try TrafficPipelineTests.traversals(harness) {
            let minute = UInt64(traversal.leftAt.milliseconds / 60_000)
            users[[traversal.segment.rawValue, minute], default: []].insert(traversal.vehicle)
        }
        #expect(rows.count == users.values.count { $0.count >= 3 })
        #expect(rows.count >= 7)
        for row in rows {
            guard case .double(let speed) = row[3], case .integer(let vehicles) = row[5],
                case .double(let ratio) = row[11], case .text(let level) = row[12]
            else {
                Issue.record("a row of another shape: \(row)")
                continue
            }
            #expect(abs(speed - 39.6) < 6)
            #expect(vehicles >= 3)
            #expect(abs(ratio - 39.6 / (50 * 0.82)) < 0.2)
            #expect(level == "free")
        }
    }

    @Test("the profile has a row for each segment and bin that enough vehicles passed")
    func profile() throws {
        let harness = try TrafficPipelineTests.harness(try TrafficPipelineTests.town(), 4)
        try harness.finish()
        var users: [SegmentBin: Set<UInt64>] = [:]
        for passage in try TrafficPipelineTests.traversals(harness) {
            let key = SegmentBin(segment: passage.segment, bin: WeekClock().bin(of: passage.leftAt))
            users[key, default: []].insert(passage.vehicle)
        }
        let rows = harness.rows(of: "traffic_profile")
        #expect(rows.count == users.values.count { $0.count >= 3 })
        #expect(rows.count >= 7)
        for row in rows {
            guard case .double(let speed) = row[2], case .double(let variance) = row[3],
                case .double(let count) = row[4], case .double(let freeFlow) = row[5]
            else {
                Issue.record("a row of another shape: \(row)")
                continue
            }
            #expect(abs(speed - 39.6) < 6)
            #expect(variance >= 0 && count >= 3)
            #expect(abs(freeFlow - 41) < 1)
        }
    }

    @Test("a trip's ends leave no passage, whatever the parameter; its middle does")
    func trimmed() throws {
        let graph = try TrafficPipelineTests.town()
        func passages(_ start: Double, _ end: Double) throws -> [Int: Int] {
            var parameters = Self.judged
            (parameters.trimStart, parameters.trimEnd) = (start, end)
            let harness = try TrafficPipelineTests.harness(graph, 3, parameters)
            try harness.finish()
            let found = try TrafficPipelineTests.traversals(harness)
            // By the crossing at which the passage ends, from the west.
            return Dictionary(
                grouping: found.compactMap { passage in
                    graph.index(of: passage.segment).map {
                        Int(graph.nodeID(graph.endNode($0)) / 10)
                    }
                }, by: { $0 }
            ).mapValues(\.count)
        }
        let whole = try passages(0, 0)
        #expect(whole[2] == 3 && whole[9] == 3)
        let trimmed = try passages(400, 400)
        #expect(trimmed[2] == nil && trimmed[3] == nil && trimmed[9] == nil)
        #expect(trimmed[5] == 3 && trimmed[6] == 3)
    }

    @Test("two vehicles are too few to be told of")
    func privacy() throws {
        let harness = try TrafficPipelineTests.harness(try TrafficPipelineTests.town(), 2)
        try harness.finish()
        #expect(try TrafficPipelineTests.traversals(harness).count > 10)
        #expect(harness.rows(of: "live_traffic").isEmpty)
    }

    /// What the first stage's operators keep under a map.
    private static func fingerprints(_ graph: RoadGraph) throws -> [OperatorFingerprint] {
        let builder = GraphBuilder(pipeline: "traffic-updates")
        TrafficUpdates(loadMap: { _ in graph }).build(builder, .init())
        let plan = try Plan(try builder.graph())
        let context = TaskContext(
            pipeline: "traffic-updates", partition: 0, stageTasks: 1, incarnation: 1,
            partitionCount: { _ in 1 })
        let chain = try builder.makeChain(stage: plan.stages[0], plan: plan, context: context)
        return chain.snapshot(.everything).fingerprints
    }

    @Test("what was kept under one map does not fit another, whose segments have other numbers")
    func anotherMap() throws {
        let town = try TrafficPipelineTests.fingerprints(TrafficPipelineTests.town())
        #expect(town == (try TrafficPipelineTests.fingerprints(TrafficPipelineTests.town())))
        let other = try TrafficPipelineTests.fingerprints(TrafficPipelineTests.town(columns: 11))
        let differing = zip(town, other).filter { $0 != $1 }.map(\.0.id.rawValue)
        #expect(differing == ["map-match"])
    }

    @Test("a crash at any batch changes no passage")
    func crash() throws {
        let graph = try TrafficPipelineTests.town()
        let whole = try TrafficPipelineTests.harness(graph, 3)
        try whole.finish()
        let expected = try TrafficPipelineTests.passages(whole)
        #expect(expected.count > 20)
        let rows = whole.rows(of: "live_traffic")
        #expect(!rows.isEmpty)
        var crashes = 0
        for boundary in 1...40 {
            let harness = try TrafficPipelineTests.harness(graph, 3)
            if try harness.run(untilBatch: boundary) {
                try harness.advance(by: .seconds(2))
                try harness.crashAndRestore()
                crashes += 1
            }
            try harness.finish()
            #expect(
                try TrafficPipelineTests.passages(harness) == expected, "behind batch \(boundary)")
            #expect(
                TrafficPipelineTests.settled(harness.rows(of: "live_traffic"))
                    == TrafficPipelineTests.settled(rows), "behind batch \(boundary)")
        }
        #expect(crashes >= 20, "few batches: the test proves little")
    }
}
