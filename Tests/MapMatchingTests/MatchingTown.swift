import Geo
import MapMatching
import Records
import RoadNetwork

/// A small hand-made town, and drives through it.
///
/// Streets on a grid of 200 m: nodes `10 * row + column + 1`, ways 1 to 5 from west to east and 11 ...
/// 15 from south to north. Way 3 is a one-way to the east.
enum MatchingTown {
    static let plane = LocalProjection(origin: Coordinate(latitude: 49, longitude: 8))

    /// The town, or the same one so many degrees further to the east.
    static func make(turned degrees: Double = 0) throws -> RoadGraph {
        var builder = RoadGraphBuilder()
        for row in 0..<5 {
            for column in 0..<5 {
                var place = place(Double(column), Double(row))
                place.longitude = Longitude.wrapped(place.longitude + degrees)
                builder.addNode(Int64(10 * row + column + 1), place)
            }
        }
        for line in 0..<5 {
            builder.addWay(
                Int64(line + 1), nodes: (0..<5).map { Int64(10 * line + $0 + 1) },
                RoadAttributes(.secondary, backward: line != 2, speedLimit: 50))
            builder.addWay(
                Int64(line + 11), nodes: (0..<5).map { Int64(10 * $0 + line + 1) },
                RoadAttributes(.residential, speedLimit: 30))
        }
        return try builder.build()
    }

    /// The place at a column and a row, with fractions.
    static func place(_ column: Double, _ row: Double) -> Coordinate {
        plane.unproject(PlanarPoint(x: column * 200, y: row * 200))
    }

    /// Observations along straight legs between places at `speed` m/s, every `sampling` seconds.
    static func drive(
        _ corners: [(Double, Double)], speed: Double = 10, sampling: Double = 5, noise: Double = 0,
        seed: UInt64 = 1, start: Int64 = 1_000_000
    ) -> [Observation] {
        var random = SeededGenerator(seed: seed)
        let line = Polyline(corners.map { place($0.0, $0.1) })
        let length = line.length
        var observations: [Observation] = []
        var offset = 0.0
        while offset <= length {
            if let point = line.point(atOffset: offset) {
                // A sum of uniform numbers is normal enough here.
                let x = (0..<12).reduce(-6.0) { sum, _ in sum + random.unit() } * noise
                let y = (0..<12).reduce(-6.0) { sum, _ in sum + random.unit() } * noise
                let plane = LocalProjection(origin: point)
                observations.append(
                    Observation(
                        time: EventTime(
                            milliseconds: start + Int64(observations.count)
                                * Int64(sampling * 1_000)),
                        coordinate: plane.unproject(PlanarPoint(x: x, y: y)),
                        sequence: UInt64(observations.count)))
            }
            offset += speed * sampling
        }
        return observations
    }

    /// The ways that a traversal's segments belong to, with the direction's end node.
    static func route(_ traversals: [Traversal], _ graph: RoadGraph) -> [String] {
        traversals.map {
            "\(graph.segment($0.segment).way):\(graph.nodeID(graph.endNode($0.segment)))"
        }
    }
}

extension MapMatcher {
    /// Matches a whole track.
    mutating func match(_ observations: [Observation]) -> MatchOutput {
        var lattice = Lattice()
        var output = MatchOutput()
        for observation in observations { advance(&lattice, with: observation, into: &output) }
        flush(&lattice, into: &output)
        return output
    }
}
