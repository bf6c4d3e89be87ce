public import Geo

/// Collects roads as a map has them, ways over shared nodes, and cuts them at their crossings.
public struct RoadGraphBuilder {
    /// Counts of what was added and what was wrong with it.
    public internal(set) var report = RoadGraphReport()

    private var ways: [Way] = []
    private var references: [Int64] = []
    private var nodes: [(id: Int64, point: E7Point)] = []

    private struct Way {
        var id: Int64
        var attributes: RoadAttributes
        var references: Range<Int>
    }

    /// Starts empty.
    public init() {}

    /// Places a node; the first of several with one id stands.
    public mutating func addNode(_ id: Int64, _ point: E7Point) {
        nodes.append((id, point))
    }

    /// Places a node; an invalid coordinate is counted and ignored.
    public mutating func addNode(_ id: Int64, _ coordinate: Coordinate) {
        if let point = E7Point(coordinate) {
            addNode(id, point)
        } else {
            report.invalidCoordinates += 1
        }
    }

    /// Adds a road through `nodes`, which may be placed before or after.
    public mutating func addWay(_ id: Int64, nodes: [Int64], _ attributes: RoadAttributes) {
        let start = references.count
        references.append(contentsOf: nodes)
        ways.append(
            Way(id: id, attributes: attributes, references: start..<references.count))
    }

    /// The nodes of each way, along its points; the first of several ways with one id stands.
    var wayNodes: [Int64: [Int64]] {
        var nodes: [Int64: [Int64]] = [:]
        for way in ways where nodes[way.id] == nil {
            nodes[way.id] = Array(references[way.references])
        }
        return nodes
    }

    /// The ids of the nodes that the ways refer to, ascending, each once.
    func referencedNodes() -> [Int64] {
        var sorted = references
        sorted.sort()
        var unique: [Int64] = []
        unique.reserveCapacity(sorted.count)
        for id in sorted where id != unique.last { unique.append(id) }
        return unique
    }

    /// Cuts the ways at their crossings and makes the graph.
    ///
    /// - Throws: ``RoadNetworkError/noRoads`` when no segment is left, and
    ///   ``RoadNetworkError/tooLarge(_:)``.
    public func build() throws(RoadNetworkError) -> RoadGraph {
        try RoadGraph(parts())
    }

    /// The ways, cut at their crossings.
    func parts() -> RoadParts {
        var report = report
        var parts = RoadParts(report: report)
        let placed = placedNodes(&report)
        let ids = placed.map(\.id)
        let sorted = uniqueWays(&report)

        // A node is a crossing when ways pass it twice or one ends there; the missing are -1.
        var resolved: [Int32] = []
        resolved.reserveCapacity(references.count)
        for way in sorted {
            for index in way.references {
                resolved.append(Int32(ids.firstIndex(ofSorted: references[index]) ?? -1))
            }
        }
        var uses = [UInt8](repeating: 0, count: placed.count)
        var cursor = 0
        for way in sorted {
            let nodes = resolved[cursor..<(cursor + way.references.count)]
            cursor += way.references.count
            for run in RoadGraphBuilder.runs(nodes, &report) {
                for (position, node) in run.enumerated() {
                    let isEnd = position == 0 || position == run.count - 1
                    uses[Int(node)] = min(2, uses[Int(node)] + (isEnd ? 2 : 1))
                }
            }
        }
        cursor = 0
        var ignored = RoadGraphReport()
        for way in sorted {
            let nodes = resolved[cursor..<(cursor + way.references.count)]
            cursor += way.references.count
            for run in RoadGraphBuilder.runs(nodes, &ignored) {
                parts.add(way.id, way.attributes, run, cutWhere: { uses[Int($0)] > 1 }, placed)
            }
        }
        parts.report = report
        return parts
    }

    private func placedNodes(_ report: inout RoadGraphReport) -> [(id: Int64, point: E7Point)] {
        // The order of insertion breaks ties, so that the first of several stands.
        let order = nodes.indices.sorted { (nodes[$0].id, $0) < (nodes[$1].id, $1) }
        var unique: [(id: Int64, point: E7Point)] = []
        unique.reserveCapacity(nodes.count)
        for index in order {
            if unique.last?.id == nodes[index].id {
                report.duplicates += 1
            } else {
                unique.append(nodes[index])
            }
        }
        return unique
    }

    private func uniqueWays(_ report: inout RoadGraphReport) -> [Way] {
        let order = ways.indices.sorted { (ways[$0].id, $0) < (ways[$1].id, $1) }
        var unique: [Way] = []
        unique.reserveCapacity(ways.count)
        for index in order {
            if unique.last?.id == ways[index].id {
                report.duplicates += 1
            } else {
                unique.append(ways[index])
            }
        }
        return unique
    }

    /// The stretches of a way between missing nodes, without repeated ones.
    private static func runs(
        _ nodes: ArraySlice<Int32>, _ report: inout RoadGraphReport
    ) -> [[Int32]] {
        var runs: [[Int32]] = []
        var run: [Int32] = []
        for node in nodes {
            if node < 0 {
                report.danglingReferences += 1
                if run.count > 1 { runs.append(run) }
                run.removeAll()
            } else if node != run.last {
                run.append(node)
            }
        }
        if run.count > 1 { runs.append(run) }
        if runs.isEmpty { report.shortWays += 1 }
        return runs
    }
}
