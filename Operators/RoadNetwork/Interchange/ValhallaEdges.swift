internal import Foundation
internal import Geo

/// Which segments each of Valhalla's edges runs along: found by their geometry, since both cut roads in their own
/// way.
public struct ValhallaEdges: Sendable {
    /// A part of an edge.
    public struct Part: Hashable, Sendable {
        /// The segment's index.
        public var segment: Int
        /// The share of the edge, 0 to 1.
        public var share: Double
    }

    /// An edge with the segments along it.
    public struct Edge: Hashable, Sendable {
        /// Valhalla's name.
        public var id: ValhallaEdgeID
        /// What is found of it; the shares sum up to less than 1 where the graph has no such road.
        public var parts: [Part]
    }

    /// The edges that run along at least one segment, by number.
    public private(set) var edges: [Edge] = []
    /// The edges along each segment, as places in ``edges``.
    public private(set) var bySegment: [Int: [Int]] = [:]
    /// How many edges of each tile the table lists.
    public private(set) var listed: [ValhallaEdgeID: Int] = [:]
    /// How many edges no segment was found for.
    public private(set) var unmatched = 0

    /// Metres between the places at which an edge is compared with the graph.
    private static let step = 10.0
    /// How far a segment may lie from an edge, in metres: maps of one source agree to rounding.
    private static let reach = 4.0
    /// The cosine of the largest angle between the two.
    private static let agreement: Float = 0.7

    /// Reads the lines of an edge table.
    ///
    /// A line is `edge,shape`: the edge's number, and its points in the direction of travel as `longitude latitude`
    /// pairs, all divided by spaces. A first line of other text is skipped.
    ///
    /// - Throws: ``RoadNetworkError/malformed(offset:_:)`` with the number of the line.
    public init(
        lines: some Sequence<Substring>, along graph: RoadGraph
    ) throws(RoadNetworkError) {
        var found: [RoadCandidate] = []
        for (number, line) in lines.enumerated() where !line.isEmpty {
            let columns = line.split(separator: ",", maxSplits: 1)
            guard columns.count == 2, let id = UInt64(columns[0]) else {
                if number == 0 { continue }
                throw .malformed(offset: number + 1, "a line that is no edge")
            }
            let numbers = columns[1].split(separator: " ").map { Double($0) }
            var points: [Coordinate] = []
            for index in stride(from: 0, to: numbers.count - 1, by: 2) {
                guard let longitude = numbers[index], let latitude = numbers[index + 1] else {
                    throw .malformed(offset: number + 1, "a shape that is no list of places")
                }
                let point = Coordinate(latitude: latitude, longitude: longitude)
                guard point.isValid else {
                    throw .malformed(offset: number + 1, "a shape with a place off the earth")
                }
                points.append(point)
            }
            let edge = ValhallaEdgeID(rawValue: id)
            listed[edge.tile, default: 0] += 1
            add(edge, Polyline(points), graph, &found)
        }
    }

    /// Reads the edge table at `path`.
    public init(contentsOfFile path: String, along graph: RoadGraph) throws(RoadNetworkError) {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw .unreadable(path: path, code: ENOENT)
        }
        try self.init(
            lines: text.split(separator: "\n", omittingEmptySubsequences: false), along: graph)
    }

    /// Makes sure that the table was listed of the tiles of an archive: it lists every edge of every tile.
    ///
    /// - Throws: ``RoadNetworkError/outdated(_:)`` with the first tile that differs.
    public func check(against traffic: ValhallaTraffic) throws(RoadNetworkError) {
        for tile in Set(listed.keys).union(traffic.tileIDs).sorted() {
            let (here, there) = (listed[tile] ?? 0, traffic.edgeCount(of: tile) ?? 0)
            guard here != there else { continue }
            throw .outdated(
                "the table of edges has \(here) of Valhalla's tile \(tile.rawValue) and traffic.tar \(there):"
                    + " list the edges anew with .ci/valhalla-edges")
        }
    }

    private mutating func add(
        _ id: ValhallaEdgeID, _ shape: Polyline, _ graph: RoadGraph,
        _ found: inout [RoadCandidate]
    ) {
        let length = shape.length
        let count = max(1, Int((length / ValhallaEdges.step).rounded(.up)))
        var hits: [Int: Int] = [:]
        for index in 0..<count {
            let offset = (Double(index) + 0.5) / Double(count) * length
            let reach = min(1, length / 4)
            guard let place = shape.point(atOffset: offset),
                let before = shape.point(atOffset: offset - reach),
                let behind = shape.point(atOffset: offset + reach)
            else { continue }
            let bearing = before.bearing(to: behind) * .pi / 180
            let (east, north) = (Float(sin(bearing)), Float(cos(bearing)))
            graph.candidates(
                near: place, radius: ValhallaEdges.reach, limit: RoadGraph.candidateLimit,
                into: &found)
            // The nearest first.
            let best = found.first {
                $0.east * east + $0.north * north > ValhallaEdges.agreement
            }
            if let best { hits[Int(best.segment), default: 0] += 1 }
        }
        guard !hits.isEmpty else {
            unmatched += 1
            return
        }
        let parts = hits.sorted { $0.key < $1.key }.map { segment, hits in
            Part(segment: segment, share: Double(hits) / Double(count))
        }
        for part in parts { bySegment[part.segment, default: []].append(edges.count) }
        edges.append(Edge(id: id, parts: parts))
    }
}
