import Foundation
import FoundationXML
import Geo
import RoadNetwork
import Testing

@Suite("Drawn maps")
struct TrafficMapTests {
    private static func street() throws -> RoadGraph {
        var builder = RoadGraphBuilder()
        for node in 0..<30 {
            builder.addNode(
                Int64(node),
                Coordinate(
                    latitude: 50 + Double(node) * 1e-3, longitude: 8 + Double(node % 3) * 1e-3))
        }
        for way in 0..<29 {
            builder.addWay(
                Int64(way + 1), nodes: [Int64(way), Int64(way + 1)],
                RoadAttributes(RoadClass.allCases[way % 14]))
        }
        return try builder.build()
    }

    @Test("is well-formed whatever the words are, in every theme", arguments: MapTheme.allCases)
    func wellFormed(theme: MapTheme) throws {
        let graph = try TrafficMapTests.street()
        var speeds: [SegmentID: Double] = [SegmentID(rawValue: 1): 3]
        for segment in 0..<graph.segmentCount {
            speeds[graph.id(of: segment)] =
                graph.freeFlowSpeed(segment) * Double(segment % 11) / 10
        }
        speeds[graph.id(of: 0)] = .nan
        var map = TrafficMap(graph: graph, speeds: speeds, title: "<Fast> & \"furious\"")
        map.theme = theme
        map.attribution = "© who <it> may concern"
        map.markers = [.init(place: graph.coordinate(ofNode: 3), label: "a & b")]
        let svg = map.svg
        let parser = XMLParser(data: Data(svg.utf8))
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        for band in SpeedBand.allCases { #expect(svg.contains("class=\"s\(band.rawValue)\"")) }
        #expect(svg.contains("prefers-color-scheme") == (theme == .automatic))
        #expect(!svg.contains("nan") && !svg.contains("inf"))
        #expect(map.svg == svg)
    }

    @Test("a map without a speed shows its roads")
    func noSpeeds() throws {
        let svg = TrafficMap(graph: try TrafficMapTests.street(), speeds: [:], title: "Quiet").svg
        #expect(svg.contains("class=\"r\"") && !svg.contains("class=\"s"))
    }

    @Test(
        "bands are cut at their bounds",
        arguments: [
            (2.0, SpeedBand.free), (0.8, .free), (0.79, .easy), (0.5, .dense), (0.36, .slow),
            (0.2, .jammed), (0.1, .standing), (0, .standing), (-1, .standing), (.nan, .standing),
        ])
    func bands(ratio: Double, band: SpeedBand) {
        #expect(SpeedBand(ratio: ratio) == band)
    }
}
