import Geo
import LocationIngest
import MapMatching
import OperatorTesting
import Records
import RoadNetwork
import Runtime
import State
import Testing

@testable import TrafficUpdates

/// Seven cars on one street whose locations overtake each other, so that rows are written, revised and taken back.
@Suite("Rows and corrections under crashes")
struct TrafficChaosTests {
    private static let start = EventTime(milliseconds: 1_760_000_040_000)
    private static let plane = LocalProjection(origin: Coordinate(latitude: 49, longitude: 8))
    private static let cars = 7
    /// Short, so that many rows are made of just enough vehicles.
    private static let window = 6.0

    private static func parameters() -> TrafficUpdates.Parameters {
        var parameters = TrafficPipelineTests.judged
        (parameters.trimStart, parameters.trimEnd) = (0, 0)
        parameters.window = window
        parameters.early = 1
        return parameters
    }

    /// When each location comes, and what it says.
    private static func arrivals(seed: UInt64) -> [(at: Int64, location: LocationUpdate)] {
        var random = SeededGenerator(seed: seed)
        var arrivals: [(at: Int64, location: LocationUpdate)] = []
        for step in 0..<21 {
            for car in 0..<cars {
                let driven = Double(step * 4 - car * 2) * 11
                if driven < 0 || driven > 700 { continue }
                let place = plane.unproject(
                    PlanarPoint(
                        x: driven + random.unit() * 24 - 12, y: random.unit() * 24 - 12))
                let time = start.advanced(byMilliseconds: Int64(step * 4_000 + car * 10))
                let location = LocationUpdate(
                    userID: "car-\(car)", latitude: place.latitude, longitude: place.longitude,
                    observedAt: time)
                let late = random.next() % 3 == 0 ? Int64(random.next() % 9_900) : 0
                arrivals.append((time.milliseconds + late, location))
            }
        }
        return arrivals.enumerated().sorted {
            ($0.element.at, $0.offset) < ($1.element.at, $1.offset)
        }.map(\.element)
    }

    /// Plays the arrivals at their times, and kills all workers behind a batch.
    ///
    /// - Returns: the harness, and whether the batch was reached.
    private static func play(
        _ graph: RoadGraph, _ arrivals: [(at: Int64, location: LocationUpdate)],
        crashBehind batch: Int?
    ) throws -> (harness: PipelineHarness, hasCrashed: Bool) {
        var options = SimulationOptions()
        options.worker.isBounded = true
        options.start = start
        options.batchLimit = 16
        let harness = try PipelineHarness("traffic-updates", options) { builder in
            TrafficUpdates(loadMap: { _ in graph }).build(builder, parameters())
        }
        let driver = harness.driver
        var hasCrashed = false
        var next = 0
        while next < arrivals.count {
            let due = arrivals[next...].prefix { $0.at <= driver.clock.now().milliseconds }
            try harness.send(due.map(\.location), to: "locations") { $0.observedAt }
            next += due.count
            while try driver.step() {
                if !hasCrashed, let batch, driver.batches >= batch {
                    try harness.crashAndRestore()
                    hasCrashed = true
                }
            }
            driver.clock.advance(byMilliseconds: 500)
        }
        try harness.finish()
        return (harness, hasCrashed)
    }

    /// A row by its key, without the count of revisions.
    private static func rows(_ harness: PipelineHarness, _ table: String) -> [String] {
        harness.rows(of: table).map { row in
            "\(row.enumerated().filter { table != "live_traffic" || $0.offset != 6 }.map(\.element))"
        }
    }

    // MARK: The plain way

    private struct Key: Hashable {
        var segment: UInt64
        var window: Int64
    }

    /// The passages of each row: every car's locations in their order, through the matcher alone.
    private static func oracle(
        _ graph: RoadGraph, _ arrivals: [(at: Int64, location: LocationUpdate)]
    ) -> [Key: [SegmentTraversal]] {
        var rows: [Key: [SegmentTraversal]] = [:]
        var matcher = MapMatcher(graph: graph, settings: parameters().matcher)
        for (user, updates) in Dictionary(grouping: arrivals.map(\.location), by: \.userID) {
            var (lattice, output) = (Lattice(), MatchOutput())
            for update in updates.sorted(by: { $0.observedAt < $1.observedAt }) {
                matcher.advance(
                    &lattice,
                    with: Observation(
                        time: update.observedAt,
                        coordinate: Coordinate(
                            latitude: update.latitude, longitude: update.longitude)),
                    into: &output)
            }
            matcher.settle(&lattice, into: &output)
            matcher.flush(&lattice, into: &output)
            for traversal in output.traversals {
                guard let passage = SegmentTraversal(traversal, userID: user, graph: graph)
                else { continue }
                let key = Key(
                    segment: passage.segment.rawValue,
                    window: passage.leftAt.milliseconds / Int64(window * 1_000))
                rows[key, default: []].append(passage)
            }
        }
        return rows.filter { Set($0.value.map(\.vehicle)).count >= 3 }
    }

    private static func check(_ row: [TableValue], _ rows: [Key: [SegmentTraversal]]) {
        guard case .integer(let segment) = row[0], case .time(let from) = row[1],
            case .double(let speed) = row[3], case .integer(let count) = row[4],
            case .integer(let vehicles) = row[5], case .double(let deviation) = row[7],
            case .double(let median) = row[9], case .double(let ratio) = row[11],
            let passages = rows[
                Key(
                    segment: UInt64(bitPattern: segment),
                    window: from.milliseconds / Int64(window * 1_000))]
        else {
            Issue.record("a row of another shape, or one too many: \(row)")
            return
        }
        let metres = passages.reduce(0) { $0 + $1.length }
        let seconds = passages.reduce(0) { $0 + $1.seconds }
        let speeds = passages.map { $0.length / $0.seconds }
        let mean = zip(passages, speeds).reduce(0) { $0 + $1.0.length * $1.1 } / metres
        let variance =
            zip(passages, speeds).reduce(0) {
                $0 + $1.0.length * ($1.1 - mean) * ($1.1 - mean)
            } / metres
        #expect(count == passages.count && vehicles == Set(passages.map(\.vehicle)).count)
        #expect(abs(speed - metres / seconds * 3.6) < 1e-3)
        #expect(abs(deviation - variance.squareRoot() * 3.6) < 1e-2)
        let half = speeds.sorted()[(speeds.count + 1) / 2 - 1] * 3.6
        #expect(abs(median / half - 1) < 0.031)
        #expect(abs(ratio - passages.reduce(0) { $0 + $1.freeFlowSeconds } / seconds) < 1e-4)
    }

    @Test("a crash behind any batch changes no row, while rows are revised and taken back")
    func everyBatch() throws {
        let graph = try TrafficPipelineTests.town(columns: 7)
        let arrivals = TrafficChaosTests.arrivals(seed: 4)
        let (calm, _) = try TrafficChaosTests.play(graph, arrivals, crashBehind: nil)
        // The plain way first.
        let oracle = TrafficChaosTests.oracle(graph, arrivals)
        let rows = calm.rows(of: "live_traffic")
        #expect(rows.count == oracle.count && rows.count >= 5)
        for row in rows { TrafficChaosTests.check(row, oracle) }
        // Passages were taken back, and whole rows with them.
        let told = try calm.records(of: "traversals", as: SegmentTraversal.self)
        #expect(told.contains { $0.isTakenBack })
        let updates = try calm.records(of: "traffic-updates", as: TrafficUpdate.self)
        #expect(updates.contains { $0.measure == nil }, "no row was taken back")
        let (live, profile) = (
            TrafficChaosTests.rows(calm, "live_traffic"),
            TrafficChaosTests.rows(calm, "traffic_profile")
        )
        #expect(!profile.isEmpty)
        var crashes = 0
        for batch in 1...calm.driver.batches {
            let (harness, hasCrashed) = try TrafficChaosTests.play(
                graph, arrivals, crashBehind: batch)
            if hasCrashed { crashes += 1 }
            #expect(TrafficChaosTests.rows(harness, "live_traffic") == live, "behind \(batch)")
            #expect(
                TrafficChaosTests.rows(harness, "traffic_profile") == profile, "behind \(batch)")
        }
        #expect(crashes >= 100, "few batches: the test proves little")
    }
}
