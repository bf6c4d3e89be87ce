internal import Geo
internal import Records
internal import RoadNetwork

/// Where trips go, and from every crossing the next segment of the best way there.
struct Destinations {
    /// The crossings where trips end, grouped by hot spot.
    private(set) var nodes: [Int] = []
    /// The middle of each hot spot.
    private(set) var hotSpots: [Coordinate] = []
    /// `next[d][n]`: the segment to take at crossing `n` towards destination `d`, -1 where no way
    /// leads there.
    private(set) var next: [[Int32]] = []
    /// Ascending sums of the destinations' shares of all trips.
    private var shares: [Double] = []

    private let graph: RoadGraph
    private let seed: UInt64
    private let usable: [Bool]

    init(_ graph: RoadGraph, _ scenario: FleetScenario) {
        self.graph = graph
        seed = scenario.seed
        var random = SeededGenerator(seed: SeededGenerator.mix(scenario.seed ^ 0xDE57))
        let area = scenario.area ?? Destinations.busiestArea(graph, side: scenario.areaSide)
        usable = Destinations.connected(graph, within: area.expanded(byMeters: 300))
        let main = Destinations.nodes(graph, within: area, usable: usable)
        guard !main.isEmpty else { return }
        pickHotSpots(main, scenario, &random)
        next = nodes.indices.map { tree(to: $0, closed: nil) }
    }

    /// Draws a destination by its share.
    func draw(_ random: inout SeededGenerator) -> Int {
        let value = random.unit() * (shares.last ?? 0)
        var low = 0
        var high = max(0, shares.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if shares[middle] <= value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Computes all ways anew, none of them over `closed`.
    mutating func avoid(_ closed: Int) {
        next = nodes.indices.map { tree(to: $0, closed: closed) }
    }

    // MARK: Places

    /// The square of `side` metres with the most main road, or all of a map that is not much larger.
    private static func busiestArea(_ graph: RoadGraph, side: Double) -> BoundingBox {
        let bounds = graph.bounds
        if bounds.width <= side * 1.4, bounds.height <= side * 1.4 { return bounds }
        // Sums of road length on a raster of quarter sides, then the best block of four by four.
        let cell = side / 4
        let columns = Int(bounds.width / cell) + 1
        let rows = Int(bounds.height / cell) + 1
        var raster = [Double](repeating: 0, count: columns * rows)
        let plane = LocalProjection(
            origin: Coordinate(latitude: bounds.south, longitude: bounds.west))
        for segment in 0..<graph.segmentCount where graph.roadClass(segment) <= .tertiaryLink {
            let place = plane.project(graph.coordinate(ofNode: graph.startNode(segment)))
            let column = max(0, min(columns - 1, Int(place.x / cell)))
            let row = max(0, min(rows - 1, Int(place.y / cell)))
            raster[row * columns + column] += graph.length(segment)
        }
        var best = (sum: -1.0, column: 0, row: 0)
        for row in 0..<max(1, rows - 3) {
            for column in 0..<max(1, columns - 3) {
                var sum = 0.0
                for r in row..<min(rows, row + 4) {
                    for c in column..<min(columns, column + 4) { sum += raster[r * columns + c] }
                }
                if sum > best.sum { best = (sum, column, row) }
            }
        }
        let corner = plane.unproject(
            PlanarPoint(x: Double(best.column) * cell, y: Double(best.row) * cell))
        let opposite = plane.unproject(
            PlanarPoint(x: Double(best.column) * cell + side, y: Double(best.row) * cell + side))
        return BoundingBox(southWest: corner, northEast: opposite)
    }

    /// The crossings of the area that reach each other without leaving it.
    private static func connected(_ graph: RoadGraph, within area: BoundingBox) -> [Bool] {
        let inside = (0..<graph.nodeCount).map { area.contains(graph.coordinate(ofNode: $0)) }
        func reached(from start: Int, backwards: Bool) -> [Bool] {
            var seen = [Bool](repeating: false, count: graph.nodeCount)
            seen[start] = true
            var pending = [start]
            while let node = pending.popLast() {
                let ways = backwards ? graph.incoming(node) : Array(graph.outgoing(node))
                for segment in ways where Destinations.isOpen(graph, segment) {
                    let other = backwards ? graph.startNode(segment) : graph.endNode(segment)
                    if inside[other], !seen[other] {
                        seen[other] = true
                        pending.append(other)
                    }
                }
            }
            return seen
        }
        var best: [Bool] = []
        var bestCount = 0
        // A few starting points spread over the numbering find the one large component.
        for attempt in 0..<16 {
            let candidates = stride(
                from: attempt * graph.nodeCount / 16, to: graph.nodeCount, by: 1)
            guard let start = candidates.first(where: { inside[$0] }) else { continue }
            let both = zip(
                reached(from: start, backwards: false), reached(from: start, backwards: true)
            )
            .map { $0 && $1 }
            let count = both.count { $0 }
            if count > bestCount { (best, bestCount) = (both, count) }
            if bestCount * 2 > inside.count(where: { $0 }) { break }
        }
        return best.isEmpty ? [Bool](repeating: false, count: graph.nodeCount) : best
    }

    private static func isOpen(_ graph: RoadGraph, _ segment: Int) -> Bool {
        graph.segment(segment).access <= .destination
    }

    /// The usable crossings on main roads, or all usable ones where there are no main roads.
    private static func nodes(
        _ graph: RoadGraph, within area: BoundingBox, usable: [Bool]
    ) -> [Int] {
        let inside = (0..<graph.nodeCount).filter {
            usable[$0] && area.contains(graph.coordinate(ofNode: $0))
        }
        let main = inside.filter { node in
            graph.outgoing(node).contains {
                (.primary ... .tertiary).contains(graph.roadClass($0))
            }
        }
        return main.count >= 20 ? main : inside
    }

    private mutating func pickHotSpots(
        _ main: [Int], _ scenario: FleetScenario, _ random: inout SeededGenerator
    ) {
        var total = 0.0
        for spot in 0..<max(2, scenario.hotSpots) {
            // Of a few random places the one farthest from the spots so far: spread, not clumped.
            let picks = (0..<8).map { _ in main[Int(random.next() % UInt64(main.count))] }
            func farness(_ node: Int) -> Double {
                hotSpots.map { $0.distance(to: graph.coordinate(ofNode: node)) }.min() ?? 0
            }
            guard let center = picks.max(by: { (farness($0), $0) < (farness($1), $1) }) else {
                continue
            }
            let place = graph.coordinate(ofNode: center)
            hotSpots.append(place)
            let near = main.filter { graph.coordinate(ofNode: $0).distance(to: place) < 700 }
            for index in 0..<max(1, scenario.destinationsPerHotSpot) {
                let node =
                    index == 0 ? center : near[Int(random.next() % UInt64(near.count))]
                if nodes.contains(node) { continue }
                nodes.append(node)
                total += 1 / Double(spot + 3)
                shares.append(total)
            }
        }
    }

    // MARK: Ways

    /// Dijkstra's algorithm backwards from a destination, by time; small roads seem longer than they
    /// are, and each destination's drivers have opinions of their own.
    private func tree(to destination: Int, closed: Int?) -> [Int32] {
        var cost = [Float](repeating: .infinity, count: graph.nodeCount)
        var towards = [Int32](repeating: -1, count: graph.nodeCount)
        var heap = Heap()
        cost[nodes[destination]] = 0
        heap.push(0, Int32(nodes[destination]))
        while let (reached, node) = heap.pop() {
            if reached > cost[Int(node)] { continue }
            for segment in graph.incoming(Int(node)) where segment != closed {
                let from = graph.startNode(segment)
                guard usable[from], Destinations.isOpen(graph, segment) else { continue }
                let hash = SeededGenerator.mix(
                    graph.id(of: segment).rawValue ^ seed &+ UInt64(destination) << 32)
                let opinion = 0.94 + 0.12 * Float(hash >> 40) * 0x1p-24
                let seconds = Float(graph.length(segment) / graph.freeFlowSpeed(segment))
                let smallness: Float =
                    switch graph.roadClass(segment) {
                    case .residential, .unclassified: 1.5
                    case .livingStreet, .service: 2
                    default: 1
                    }
                let total = reached + seconds * opinion * smallness + 1
                if total < cost[from] {
                    cost[from] = total
                    towards[from] = Int32(segment)
                    heap.push(total, Int32(from))
                }
            }
        }
        return towards
    }
}

/// A binary heap of nodes by cost.
private struct Heap {
    private var items: [(cost: Float, node: Int32)] = []

    mutating func push(_ cost: Float, _ node: Int32) {
        items.append((cost, node))
        var place = items.count - 1
        while place > 0, items[(place - 1) / 2].cost > items[place].cost {
            items.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func pop() -> (Float, Int32)? {
        guard let top = items.first else { return nil }
        let last = items.removeLast()
        if items.isEmpty { return top }
        items[0] = last
        var place = 0
        while true {
            var child = 2 * place + 1
            if child >= items.count { return top }
            if child + 1 < items.count, items[child + 1].cost < items[child].cost { child += 1 }
            if items[child].cost >= items[place].cost { return top }
            items.swapAt(child, place)
            place = child
        }
    }
}
