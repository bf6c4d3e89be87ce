import Foundation
import Geo
import MapMatching
import Records
import RoadNetwork
import TestFiles
import Testing

@Suite("Itinero's car tracks")
struct ItineroTests {
    @Test(
        "the matched line is the expected one, with a step at each position and with the default steps",
        .enabled(
            if: SharedData.has("gps/itinero/network.osm.pbf"), "no ../shared/data/gps/itinero"),
        arguments: ["test1", "test2"], [0, MatcherSettings().stepInterval])
    func expectedLine(name: String, stepInterval: Int64) throws {
        let network = try #require(SharedData.path("gps/itinero/network.osm.pbf"))
        let graph = try RoadGraph(contentsOfOSMFile: network)
        let track = try ItineroTests.line("\(name)-track.geojson") { json in
            let features = json["features"] as? [[String: Any]]
            return features?.first?["geometry"] as? [String: Any]
        }
        let expected = try ItineroTests.line("\(name).json") { $0["expected"] as? [String: Any] }
        // The tracks carry no times: 10 m/s between their points.
        var time = 0.0
        var observations: [Observation] = []
        for (index, place) in track.coordinates.enumerated() {
            if index > 0 { time += track.coordinates[index - 1].distance(to: place) / 10 }
            observations.append(
                Observation(
                    time: EventTime(milliseconds: Int64(time * 1_000)), coordinate: place,
                    sequence: UInt64(index)))
        }
        var settings = MatcherSettings()
        settings.stepInterval = stepInterval
        var matcher = MapMatcher(graph: graph, settings: settings)
        let traversals = matcher.match(observations).traversals
        var points: [Coordinate] = []
        for traversal in traversals {
            for step in 0...20 {
                let offset = traversal.enterOffset + traversal.length * Double(step) / 20
                points.append(graph.coordinate(on: traversal.segment, offset: offset))
            }
        }
        // Both ways: nothing of the expected line is missed, nothing is added.
        for place in points {
            #expect(try #require(expected.projection(of: place)).distance < 15)
        }
        let matched = Polyline(points)
        for place in expected.coordinates {
            #expect(try #require(matched.projection(of: place)).distance < 15)
        }
        #expect(abs(matched.length - expected.length) < 0.05 * expected.length + 15)
    }

    private static func line(
        _ name: String, _ geometry: ([String: Any]) -> [String: Any]?
    ) throws -> Polyline {
        let path = try #require(SharedData.path("gps/itinero/\(name)"))
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let pairs = try #require(geometry(json)?["coordinates"] as? [[Double]])
        return Polyline(pairs.map { Coordinate(latitude: $0[1], longitude: $0[0]) })
    }
}
