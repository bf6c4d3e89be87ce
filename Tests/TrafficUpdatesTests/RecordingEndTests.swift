import Geo
import LocationIngest
import OperatorTesting
import Records
import RoadNetwork
import Runtime
import State
import Testing
import TrafficUpdates

@Suite("The end of a recording")
struct RecordingEndTests {
    private static let start = EventTime(milliseconds: 1_479_798_000_000)
    private static let plane = LocalProjection(origin: Coordinate(latitude: 49, longitude: 8))
    /// The clock on the wall, eight years later.
    private static let now = EventTime(milliseconds: 1_732_258_800_000)

    /// Cars that drive along the road at 11 m/s from a moment on, seen every 4 s.
    private static func drive(_ names: [String], after seconds: Int64) -> [LocationUpdate] {
        (0..<34).flatMap { step in
            names.map { name in
                let place = plane.unproject(PlanarPoint(x: Double(step) * 44 + 5, y: 2))
                return LocationUpdate(
                    userID: name, latitude: place.latitude, longitude: place.longitude,
                    observedAt: start.advanced(byMilliseconds: (seconds + Int64(step) * 4) * 1_000))
            }
        }
    }

    private static func harness() throws -> PipelineHarness {
        let graph = try TrafficPipelineTests.town()
        var options = SimulationOptions()
        options.worker.isBounded = true
        options.start = now
        // More than there are cars: event time doesn't wait for those that stay empty.
        options.partitions = 4
        var parameters = TrafficUpdates.Parameters()
        parameters.minimumVehicles = 1
        parameters.matchedLocations = "matched-locations"
        return try PipelineHarness("traffic-updates", options) { builder in
            TrafficUpdates(loadMap: { _ in graph }).build(builder, parameters)
        }
    }

    /// What was said, without how often a row was revised.
    private struct Said: Equatable {
        var passages: Set<SegmentTraversal>
        var places: Set<MatchedLocation>
        var rows: [[TableValue]]
        var profile: [[TableValue]]
    }

    private static func said(_ harness: PipelineHarness) throws -> Said {
        Said(
            passages: Set(try harness.records(of: "traversals", as: SegmentTraversal.self)),
            places: Set(try harness.records(of: "matched-locations", as: MatchedLocation.self)),
            rows: harness.rows(of: "live_traffic").map { row in
                row.enumerated().filter { $0.offset != 6 }.map(\.element)
            }, profile: harness.rows(of: "traffic_profile"))
    }

    private static func letters(_ harness: PipelineHarness) -> [String] {
        harness.driver.log.records(of: "traffic-updates.dead-letters").map { record in
            let reason = record.headers.first { $0.name == "millrace.code" }
            return String(decoding: reason?.value ?? [], as: UTF8.self)
        }
    }

    @Test("decides on all of it, as the end of time would, with a crash on the way or without")
    func decides() throws {
        let ended = try RecordingEndTests.harness()
        try ended.send(RecordingEndTests.drive(["a", "b"], after: 0), to: "locations") {
            $0.observedAt
        }
        try ended.finish()
        let wanted = try RecordingEndTests.said(ended)
        #expect(wanted.places.count == 68)
        #expect(!wanted.rows.isEmpty && !wanted.profile.isEmpty)

        for crashes in [false, true] {
            let harness = try RecordingEndTests.harness()
            try harness.send(RecordingEndTests.drive(["a", "b"], after: 0), to: "locations") {
                $0.observedAt
            }
            try harness.settle()
            try harness.advance(by: .seconds(600))
            // However long nothing comes, the clock decides nothing.
            let before = try RecordingEndTests.said(harness)
            #expect(before.profile.isEmpty && before != wanted)
            try harness.endRecording()
            if crashes { try harness.crashAndRestore() }
            try harness.advance(by: .seconds(20))
            #expect(try RecordingEndTests.said(harness) == wanted)
            #expect(RecordingEndTests.letters(harness).isEmpty)
        }
    }

    @Test("is not the end of its topics: what is driven later counts, what was before is late")
    func goesOn() throws {
        let harness = try RecordingEndTests.harness()
        try harness.send(RecordingEndTests.drive(["a", "b"], after: 0), to: "locations") {
            $0.observedAt
        }
        try harness.endRecording()
        try harness.advance(by: .seconds(20))
        let first = try RecordingEndTests.said(harness)
        try harness.crashAndRestore()
        try harness.send(RecordingEndTests.drive(["c", "a"], after: 900), to: "locations") {
            $0.observedAt
        }
        try harness.endRecording()
        try harness.advance(by: .seconds(20))
        let both = try RecordingEndTests.said(harness)
        #expect(both.places.count == 2 * first.places.count)
        #expect(both.rows.count == 2 * first.rows.count)
        #expect(RecordingEndTests.letters(harness).isEmpty)
        try harness.send(RecordingEndTests.drive(["d"], after: 300), to: "locations") {
            $0.observedAt
        }
        try harness.endRecording()
        try harness.advance(by: .seconds(20))
        #expect(try RecordingEndTests.said(harness).rows == both.rows)
        #expect(Set(RecordingEndTests.letters(harness)) == ["late"])
    }

    @Test("a location far ahead of the clock is kept as a dead letter, and stops nobody")
    func farAhead() throws {
        let wanted = try RecordingEndTests.harness()
        let drive = RecordingEndTests.drive(["a", "b", "c", "d"], after: 0)
        try wanted.send(drive, to: "locations") { $0.observedAt }
        try wanted.finish()

        let harness = try RecordingEndTests.harness()
        try harness.send(Array(drive[..<40]), to: "locations") { $0.observedAt }
        // Of each car one in the year 2100 and one in microseconds.
        let wrong = drive[40..<44].flatMap { location in
            [4_102_444_800_000, 1_479_798_040_000_000].map { (milliseconds: Int64) in
                var wrong = location
                wrong.observedAt = EventTime(milliseconds: milliseconds)
                return wrong
            }
        }
        try harness.send(wrong, to: "locations") { $0.observedAt }
        try harness.send(Array(drive[40...]), to: "locations") { $0.observedAt }
        try harness.finish()
        #expect(try RecordingEndTests.said(harness) == RecordingEndTests.said(wanted))
        #expect(RecordingEndTests.letters(harness) == Array(repeating: "rejected", count: 8))
        let letter = try #require(
            harness.driver.log.records(of: "traffic-updates.dead-letters").first)
        #expect(letter.value?.isEmpty == false)
        let headers = letter.headers.map {
            "\($0.name)=\(String(decoding: $0.value, as: UTF8.self))"
        }
        #expect(headers.contains("millrace.operator=timely"))
        #expect(headers.contains { $0.contains("ahead of the clock; at most 60.0 s are taken") })
    }
}
