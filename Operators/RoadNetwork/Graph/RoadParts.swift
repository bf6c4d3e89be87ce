/// The undirected pieces of road between crossings: what a graph is made of and what its codec
/// writes.
struct RoadParts {
    struct Node {
        var id: Int64
        var point: E7Point
    }

    struct Edge {
        var way: Int64
        var from: Int32
        var to: Int32
        var attributes: RoadAttributes
        /// The points of the edge, both ends included, within ``points``.
        var points: Range<Int>
    }

    var report: RoadGraphReport
    var nodes: [Node] = []
    var edges: [Edge] = []
    var points: [E7Point] = []

    private var numbers: [Int32: Int32] = [:]

    init(report: RoadGraphReport) {
        self.report = report
    }

    /// Adds a run of nodes, cut where `cutWhere` says; the run's nodes are indices into `placed`.
    mutating func add(
        _ way: Int64, _ attributes: RoadAttributes, _ run: [Int32],
        cutWhere isCrossing: (Int32) -> Bool, _ placed: [(id: Int64, point: E7Point)]
    ) {
        var start = 0
        for position in 1..<run.count
        where position == run.count - 1 || isCrossing(run[position]) {
            let first = points.count
            for index in start...position { points.append(placed[Int(run[index])].point) }
            edges.append(
                Edge(
                    way: way, from: number(run[start], placed), to: number(run[position], placed),
                    attributes: attributes, points: first..<points.count))
            start = position
        }
    }

    private mutating func number(
        _ node: Int32, _ placed: [(id: Int64, point: E7Point)]
    ) -> Int32 {
        if let number = numbers[node] { return number }
        let number = Int32(nodes.count)
        numbers[node] = number
        nodes.append(Node(id: placed[Int(node)].id, point: placed[Int(node)].point))
        return number
    }
}
