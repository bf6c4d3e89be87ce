internal import Foundation

/// OSRM's table of live speeds: lines `from,to,speed` of two neighbouring OSM nodes and km/h, as `osrm-customize
/// --segment-speed-file` and `osrm-contract` read it.
public struct OSRMSpeeds: Sendable {
    /// The OSM nodes of each way, along its points.
    private let nodes: [Int64: [Int64]]

    /// Knows the nodes of each way; one that is given twice in a row counts once, as in the graph.
    public init(nodes: [Int64: [Int64]]) {
        self.nodes = nodes.mapValues { way in
            zip(way, way.dropFirst()).contains { $0 == $1 }
                ? way.reduce(into: []) { if $0.last != $1 { $0.append($1) } } : way
        }
    }

    /// Reads the nodes of the drivable ways of an OSM PBF file: the graph keeps the crossings only.
    public init(contentsOfOSMFile path: String) throws(RoadNetworkError) {
        let file = try MappedFile(path: path)
        var reader = OSMReader()
        try reader.readWays(file.bytes)
        withExtendedLifetime(file) {}
        self.init(nodes: reader.builder.wayNodes)
    }

    /// What a faster speed counts as, in km/h.
    private static let fastest = 1_000.0

    /// The lines of one segment, in the direction of travel; none when its way isn't known or the speed is no number.
    public func lines(of segment: Int, in graph: RoadGraph, kilometersPerHour: Double) -> [String] {
        guard kilometersPerHour.isFinite else { return [] }
        let speed = Int(max(1, min(OSRMSpeeds.fastest, kilometersPerHour.rounded())))
        let run = nodes(of: segment, in: graph)
        return zip(run, run.dropFirst()).map { "\($0),\($1),\(speed)" }
    }

    /// The OSM nodes of a segment in the direction of travel, both ends included.
    func nodes(of index: Int, in graph: RoadGraph) -> ArraySlice<Int64> {
        let segment = graph.segment(index)
        guard var way = nodes[segment.way] else { return [] }
        if graph.segments[index].isReversed { way.reverse() }
        let (from, to) = (graph.nodeID(segment.from), graph.nodeID(segment.to))
        let count = Int(graph.segments[index].pointCount)
        // A way may pass a node twice; the run with as many points as the segment is it.
        for start in way.indices where way[start] == from {
            let end = start + count - 1
            if end > start, end < way.count, way[end] == to { return way[start...end] }
        }
        return []
    }

    /// Writes lines to a file that is put into place whole, so that no reader sees half of it.
    public static func write(_ lines: [String], to path: String) throws(RoadNetworkError) {
        let text = lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n"
        do {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        } catch {
            throw .unwritable(path: path)
        }
    }
}
