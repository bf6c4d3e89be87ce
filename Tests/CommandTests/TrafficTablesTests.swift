import DatabaseFixture
import Dataflow
import Geo
import PostgresClient
import Records
import RoadNetwork
import State
import Testing

@testable import Command
@testable import TrafficUpdates

/// What stands on the tables of traffic-updates in a real database: the views, the ageing, the picture.
@Suite(
    "The tables of traffic-updates",
    .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
struct TrafficTablesTests {
    /// 2025-10-13, a Monday, 00:07 UTC.
    private static let monday = EventTime(milliseconds: 1_760_314_020_000)

    /// Runs `body` with tables and views as a worker creates them, seen through a connection.
    private func withTables(
        _ yaml: String? = nil,
        _ body: (PostgresConfiguration, PostgresConnection) async throws -> Void
    ) async throws {
        try await TestDatabase.withSchema { configuration in
            let entry = try Catalogue.entry(TrafficUpdates.name)
            let plan = try entry.plan(parameters: yaml)
            // Twice, as two workers do.
            try PipelineRunner.createTables(entry, plan, parameters: yaml, configuration)
            try PipelineRunner.createTables(entry, plan, parameters: yaml, configuration)
            let connection = try PostgresConnection(configuration)
            defer { connection.close() }
            try await body(configuration, connection)
        }
    }

    private func addLive(
        _ segment: Int64, _ start: EventTime, kmh: Double, passages: Int64 = 4,
        to connection: PostgresConnection
    ) throws {
        try connection.query(
            "INSERT INTO live_traffic (segment_id, window_start, window_end, speed_kmh, traversals,"
                + " vehicles, revision) VALUES ($1, $2, $3, $4, $5, 3, 1)",
            [
                .integer(segment), .time(start), .time(start.advanced(byMilliseconds: 60_000)),
                .double(kmh), .integer(passages),
            ])
    }

    private func addProfile(
        _ segment: Int64, bin: UInt16, kmh: Double, to connection: PostgresConnection
    ) throws {
        try connection.query(
            "INSERT INTO traffic_profile (segment_id, bin, speed_kmh, variance, traversals,"
                + " free_flow_kmh, updated_at) VALUES ($1, $2, $3, 4, 20, 50, $4)",
            [
                .integer(segment), .integer(Int64(bin)), .double(kmh),
                .time(TrafficTablesTests.monday),
            ])
    }

    private struct Estimate: Hashable {
        var segment: Int64
        var kmh: Double
        var live: Int64
        var past: Double
    }

    private func addFreeFlow(
        _ segment: Int64, kmh: Double, to connection: PostgresConnection
    ) throws {
        try connection.query(
            "INSERT INTO traffic_free_flow (segment_id, free_flow_kmh) VALUES ($1, $2)",
            [.integer(segment), .double(kmh)])
    }

    private func estimates(
        _ connection: PostgresConnection, at moment: EventTime
    ) throws -> [Estimate] {
        try connection.query(
            "SELECT segment_id, speed_kmh, live_traversals, profile_traversals"
                + " FROM traffic_estimate_at($1) ORDER BY segment_id", [.time(moment)]
        ).map { row in
            Estimate(
                segment: try row.value(0), kmh: (try row.value(1) * 1_000).rounded() / 1_000,
                live: try row.value(2), past: try row.value(3))
        }
    }

    /// The first bin of the week, one in the midst, the last.
    @Test(
        "the estimate blends the newest live speed with the profile of the very bin",
        arguments: [0, 299_200_000, 604_320_000] as [Int64])
    func estimate(after offset: Int64) async throws {
        try await withTables { _, connection in
            let now = TrafficTablesTests.monday.advanced(byMilliseconds: offset)
            func before(_ minutes: Int64) -> EventTime {
                now.advanced(byMilliseconds: -minutes * 60_000)
            }
            let bin = WeekClock().bin(of: now).rawValue
            // Of every segment the map tells free flow, and nothing else is known of some.
            for segment in 1...8 as ClosedRange<Int64> {
                try addFreeFlow(segment, kmh: 50, to: connection)
            }
            // Live alone, the newest of two windows; one of the future says nothing yet.
            try addLive(1, before(5), kmh: 90, to: connection)
            try addLive(1, now, kmh: 36, to: connection)
            try addLive(1, before(-5), kmh: 7, to: connection)
            // The profile alone, of 20 passages.
            try addProfile(2, bin: bin, kmh: 30, to: connection)
            // Both.
            try addLive(3, before(9), kmh: 20, to: connection)
            try addProfile(3, bin: bin, kmh: 60, to: connection)
            // Too old, and of the bins beside it.
            try addLive(4, before(10), kmh: 36, to: connection)
            try addProfile(5, bin: (bin + 1) % 2_016, kmh: 30, to: connection)
            try addProfile(6, bin: (bin + 2_015) % 2_016, kmh: 30, to: connection)
            // A speed that can't be divided by leaves the other.
            try addLive(7, now, kmh: 0, to: connection)
            try addProfile(7, bin: bin, kmh: 42, to: connection)
            // Off the map: what is known is told all the same.
            try addLive(9, now, kmh: 44, to: connection)

            let free = SpeedPrior(speed: 50)
            func past(_ kmh: Double) -> SpeedPrior {
                SpeedPrior(speed: free.blended(with: kmh, passages: 20))
            }
            func estimate(_ segment: Int64, _ kmh: Double, _ live: Int64, _ past: Double)
                -> Estimate
            {
                Estimate(
                    segment: segment, kmh: (kmh * 1_000).rounded() / 1_000, live: live, past: past)
            }
            #expect(
                try estimates(connection, at: now) == [
                    estimate(1, free.blended(with: 36, passages: 4), 4, 0),
                    estimate(2, past(30).speed, 0, 20),
                    estimate(3, past(60).blended(with: 20, passages: 4), 4, 20),
                    estimate(4, 50, 0, 0), estimate(5, 50, 0, 0), estimate(6, 50, 0, 0),
                    estimate(7, past(42).speed, 4, 20), estimate(8, 50, 0, 0),
                    estimate(9, 44, 4, 0),
                ])
        }
    }

    /// Every so often from 1900 to 2100, and around each change of the clocks in between.
    private static func instants(_ week: WeekClock) -> [EventTime] {
        let (from, to, stride): (Int64, Int64, Int64) = (-2_208_988_800, 4_102_444_800, 86_400 * 9)
        var (instants, last): ([Int64], Int64) = ([], 0)
        for second in Swift.stride(from: from, to: to, by: Int(stride)) {
            instants.append(second + second % 7_919)
            // Bins run on evenly but for a change.
            let bin = Int64(week.bin(of: EventTime(milliseconds: second * 1_000)).rawValue)
            let change = (bin - last + 3 * 2_016 - stride / 300) % 2_016
            last = bin
            if change != 0 {
                for hour in -220...1 { instants.append(second + Int64(hour) * 3_600 - 1) }
            }
        }
        return instants.map { EventTime(milliseconds: $0 * 1_000 + 999) }
    }

    @Test(
        "the database tells the bin of a moment as the pipeline does, whatever the clocks do",
        arguments: ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"])
    func bins(timeZone: String) async throws {
        let week = try #require(WeekClock(timeZone: timeZone))
        try await withTables("timeZone: \(timeZone)") { _, connection in
            let instants = TrafficTablesTests.instants(week)
            #expect(instants.count > (timeZone == "UTC" ? 8_000 : 20_000))
            for start in stride(from: 0, to: instants.count, by: 2_000) {
                let some = instants[start..<min(start + 2_000, instants.count)]
                let list = some.map { "\($0.milliseconds)" }.joined(separator: ",")
                let bins = try connection.query(
                    "SELECT traffic_bin(to_timestamp(0) + ms * interval '1 millisecond')::bigint"
                        + " FROM unnest(ARRAY[\(list)]::bigint[]) WITH ORDINALITY AS t(ms, n) ORDER BY n"
                ).map { try $0.value(0, as: Int64.self) }
                let wrong = zip(some, bins).first { $1 != Int64(week.bin(of: $0).rawValue) }
                #expect(bins.count == some.count && wrong == nil, "\(String(describing: wrong))")
            }
        }
    }

    @Test("the estimate of half past eight is that of half past eight by the clocks, in summer too")
    func estimateByTheClocks() async throws {
        try await withTables("timeZone: Europe/Berlin") { _, connection in
            try addFreeFlow(1, kmh: 50, to: connection)
            // Monday, 08:30.
            try addProfile(1, bin: 102, kmh: 10, to: connection)
            // 2025-03-24 and 2025-03-31 by the clocks; they are put forward in between.
            for (utc, bin) in [
                ("2025-03-24T07:30Z", true), ("2025-03-31T06:30Z", true),
                ("2025-03-31T07:30Z", false),
            ] {
                let moment = try connection.query(
                    "SELECT (extract(epoch FROM $1::timestamptz) * 1000)::bigint", [.text(utc)]
                ).map { EventTime(milliseconds: try $0.value(0, as: Int64.self)) }
                let found = try estimates(connection, at: try #require(moment.first))
                #expect(found.map(\.past) == [bin ? 20 : 0], "\(utc)")
            }
        }
    }

    @Test("the estimate is that of now: live rows of yesterday say nothing any more")
    func estimateOfNow() async throws {
        try await withTables { _, connection in
            try addFreeFlow(1, kmh: 50, to: connection)
            try addFreeFlow(2, kmh: 50, to: connection)
            try addLive(1, TrafficTablesTests.monday, kmh: 5, to: connection)
            try connection.script(
                "INSERT INTO live_traffic (segment_id, window_start, window_end, speed_kmh,"
                    + " traversals, vehicles, revision)"
                    + " VALUES (2, now() - interval '1 minute', now(), 5, 100000, 3, 1)")
            let speeds = try connection.query(
                "SELECT round(speed_kmh)::bigint FROM traffic_estimate ORDER BY segment_id"
            ).map { try $0.value(0, as: Int64.self) }
            #expect(speeds == [50, 5])
        }
    }

    @Test("the database blends as the pipeline's own arithmetic does")
    func blend() async throws {
        try await withTables { _, connection in
            for prior in [0.0, 0.1, 7, 50, 130] {
                for speed in [-1.0, 0, 0.5, 33.3, 250] {
                    for passages in [-1.0, 0, 0.2, 1, 4, 17, 1e9] {
                        let row = try #require(
                            try connection.query(
                                "SELECT traffic_blended($1, $2, $3)",
                                [.double(prior), .double(speed), .double(passages)]
                            ).first)
                        let own = SpeedPrior(speed: prior).blended(with: speed, passages: passages)
                        let its = try row.value(0, as: Double.self)
                        #expect(
                            abs(its - own) <= 1e-12 * max(1, own),
                            "\(prior) \(speed) \(passages)")
                    }
                }
            }
            let unknown = try connection.query("SELECT traffic_blended(NULL, NULL, NULL)")
            #expect(try unknown.first?.optional(0, as: Double.self) == nil)
        }
    }

    @Test(
        "the free flow of the map stands in its table before anything has come, and follows the map"
    )
    func freeFlow() async throws {
        try await withTables { configuration, connection in
            func count() throws -> Int {
                try connection.query("SELECT 1 FROM traffic_free_flow").count
            }
            func rows(_ version: String, _ segments: Range<Int64>) -> ReferenceRows {
                ReferenceRows(table: TrafficUpdates.trafficFreeFlow, version: version) {
                    segments.map { [.integer($0), .double(50)] }
                }
            }
            try rows("a", 0..<5).fill(configuration)
            #expect(try count() == 5)
            // The same map is not written again; another one replaces it.
            try rows("a", 0..<7).fill(configuration)
            #expect(try count() == 5)
            try rows("b", 3..<6).fill(configuration)
            #expect(try count() == 3)
            // What the catalogue says of the pipeline is the whole map.
            let entry = try Catalogue.entry(TrafficUpdates.name)
            let builder = GraphBuilder(pipeline: entry.name)
            try #require(try entry.reference(builder, nil)).fill(configuration)
            #expect(try count() == (try Catalogue.map(at: "").segmentCount))
        }
    }

    @Test("rows age by the newest row's time, then by the clock; one of the future ages none")
    func ageing() async throws {
        try await withTables { configuration, connection in
            let now = TrafficTablesTests.monday
            func minutes(_ count: Int64) -> EventTime {
                now.advanced(byMilliseconds: count * 60_000)
            }
            var tables = try Catalogue.entry(TrafficUpdates.name).upkeep("keep: 3600")
            // The clock is a year ahead, as when history is played again.
            let year: Int64 = 525_600
            func left(_ clock: Int64) throws -> [Int64] {
                try TableKeeper.keep(&tables, configuration, now: minutes(year + clock))
                return try connection.query("SELECT segment_id FROM live_traffic ORDER BY 1")
                    .map { try $0.value(0, as: Int64.self) }
            }
            // Nothing to take away from an empty table.
            #expect(try left(0).isEmpty)
            for age in [0, 1, 59, 60, 61, 1_500] as [Int64] {
                try addLive(age, minutes(-age), kmh: 50, to: connection)
            }
            try addProfile(9, bin: 1, kmh: 50, to: connection)
            #expect(try left(1) == [0, 1, 59, 60])
            #expect(try left(1) == [0, 1, 59, 60])
            // Time goes on with the rows.
            try addLive(100, minutes(30), kmh: 50, to: connection)
            #expect(try left(2) == [0, 1, 100])
            // A window far ahead says nothing of the time, and isn't taken away.
            try addLive(200, minutes(2 * year), kmh: 50, to: connection)
            #expect(try left(2) == [0, 1, 100, 200])
            // The feed stops: time goes on with the clock.
            #expect(try left(31) == [0, 1, 100, 200])
            #expect(try left(32) == [0, 100, 200])
            #expect(try left(63) == [200])
            #expect(try connection.query("SELECT 1 FROM traffic_profile").count == 1)
        }
    }

    @Test("the picture of the table shows a jam with its sign, and the time as people write it")
    func picture() async throws {
        let roads = try Catalogue.map(at: "")
        // A long road, its first half jammed.
        let jam = try #require(
            (0..<roads.segmentCount).first {
                roads.length($0) > 150 && roads.freeFlowSpeed($0) > 12
            })
        try await withTables { configuration, connection in
            let now = TrafficTablesTests.monday
            for segment in 0..<min(600, roads.segmentCount) where segment != jam {
                try addLive(
                    Int64(bitPattern: roads.id(of: segment).rawValue), now,
                    kmh: roads.freeFlowSpeed(segment) * 3.6 * 0.9, to: connection)
            }
            try addLive(
                Int64(bitPattern: roads.id(of: jam).rawValue),
                now.advanced(byMilliseconds: -60_000), kmh: 3, to: connection)
            let pool = PostgresPool(configuration, size: 1)
            let map = try await TrafficPicture(roads: roads).map(pool, at: now)
            await pool.close()
            #expect(map.subtitle == "13 Oct 2025, 00:07 UTC")
            #expect(map.speeds.count >= 600)
            #expect(map.stretches.map(\.segments) == [[jam]])
            let svg = map.svg
            #expect(svg.contains(">3 km/h instead of "), "the sign's words")
            #expect(svg.contains("13 Oct 2025, 00:07 UTC"))
        }
    }

    @Test(
        "times are written to the minute",
        arguments: [
            (0, "1 Jan 1970, 00:00 UTC"), (-1, "31 Dec 1969, 23:59 UTC"),
            (1_795_666_500_000, "26 Nov 2026, 04:15 UTC"),
        ] as [(Int64, String)])
    func words(milliseconds: Int64, text: String) {
        #expect(TrafficPicture.words(EventTime(milliseconds: milliseconds)) == text)
    }
}
