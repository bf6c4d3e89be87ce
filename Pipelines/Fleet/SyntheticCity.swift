internal import Foundation
public import Geo
internal import Records
public import RoadNetwork

/// A city that exists nowhere: a warped grid of arterials and side streets, a diagonal avenue, a ring
/// road of two carriageways, a river with few bridges, parks, an old town and one-way streets.
///
/// About 8 by 6 km; a function of the seed alone.
public struct SyntheticCity {
    /// Where the city's middle lies.
    public static let center = Coordinate(latitude: 50, longitude: 10)

    private static let columns = 46
    private static let rows = 36
    private static let spacing = 168.0

    private var random: SeededGenerator
    private let warp: Warp
    private let plane = LocalProjection(origin: SyntheticCity.center)
    private var nodes: [PlanarPoint] = []
    private var roads: [Road] = []

    /// A stretch of road between two crossings.
    private struct Road {
        var from: Int
        var to: Int
        var bends: [PlanarPoint]
        var attributes: RoadAttributes
    }

    /// Makes the city's road graph.
    public static func make(seed: UInt64) throws(RoadNetworkError) -> RoadGraph {
        var city = SyntheticCity(seed: seed)
        city.layOutGrid()
        city.layOutRing()
        return try city.build()
    }

    private init(seed: UInt64) {
        random = SeededGenerator(seed: SeededGenerator.mix(seed &+ 0xC17))
        warp = Warp(&random)
    }

    // MARK: The grid

    private static func node(_ column: Int, _ row: Int) -> Int { row * columns + column }

    /// 0 for a side street, 1 for a secondary line, 2 for a primary one.
    private static func rank(ofLine line: Int) -> Int {
        line % 10 == 5 ? 2 : (line % 5 == 0 ? 1 : 0)
    }

    private func isInPark(_ point: PlanarPoint) -> Bool {
        warp.parks.contains { $0.center.distance(to: point) < $0.radius }
    }

    private mutating func layOutGrid() {
        for row in 0..<SyntheticCity.rows {
            for column in 0..<SyntheticCity.columns {
                let x = (Double(column) - Double(SyntheticCity.columns - 1) / 2)
                let y = (Double(row) - Double(SyntheticCity.rows - 1) / 2)
                let isMain =
                    SyntheticCity.rank(ofLine: column) > 0 || SyntheticCity.rank(ofLine: row) > 0
                let jitter = isMain ? 6.0 : 26.0
                let place = PlanarPoint(
                    x: x * SyntheticCity.spacing + (random.unit() - 0.5) * 2 * jitter,
                    y: y * SyntheticCity.spacing + (random.unit() - 0.5) * 2 * jitter)
                nodes.append(place)
            }
        }
        for row in 0..<SyntheticCity.rows {
            for column in 0..<(SyntheticCity.columns - 1) {
                addStreet(
                    (column, row), (column + 1, row), rank: SyntheticCity.rank(ofLine: row),
                    line: row)
            }
        }
        for column in 0..<SyntheticCity.columns {
            for row in 0..<(SyntheticCity.rows - 1) {
                addStreet(
                    (column, row), (column, row + 1), rank: SyntheticCity.rank(ofLine: column),
                    line: column + 1)
            }
        }
        // The avenue runs from the south-western primary crossing through the middle.
        for step in 5..<30 {
            addRoad(
                SyntheticCity.node(step, step), SyntheticCity.node(step + 1, step + 1),
                RoadAttributes(.primary, speedLimit: 50))
        }
    }

    private mutating func addStreet(
        _ a: (Int, Int), _ b: (Int, Int), rank: Int, line: Int
    ) {
        let from = SyntheticCity.node(a.0, a.1)
        let to = SyntheticCity.node(b.0, b.1)
        let middle = PlanarPoint(
            x: (nodes[from].x + nodes[to].x) / 2, y: (nodes[from].y + nodes[to].y) / 2)
        let chance = random.unit()
        let crossesRiver =
            (warp.river(nodes[from].x) - nodes[from].y).sign
            != (warp.river(nodes[to].x) - nodes[to].y).sign
        let fromMiddle = (middle.x * middle.x + middle.y * middle.y).squareRoot()
        if rank == 0 {
            if crossesRiver || isInPark(middle) || chance < 0.14 { return }
        } else if crossesRiver, rank == 1, chance < 0.5 {
            return
        }
        switch rank {
        case 2: addRoad(from, to, RoadAttributes(.primary, speedLimit: 60))
        case 1: addRoad(from, to, RoadAttributes(.secondary, speedLimit: 50))
        default:
            if fromMiddle < 650 {
                addRoad(from, to, RoadAttributes(.livingStreet, speedLimit: 20))
            } else if line % 5 == 2 || line % 5 == 3, fromMiddle < 2_600, line % 2 == 0 {
                // Pairs of one-way streets, in turn there and back.
                let forward = line % 4 == 0
                addRoad(
                    from, to,
                    RoadAttributes(
                        .residential, forward: forward, backward: !forward, speedLimit: 30))
            } else if line % 5 == 3 {
                addRoad(from, to, RoadAttributes(.tertiary, speedLimit: 50))
            } else {
                addRoad(from, to, RoadAttributes(.residential, speedLimit: 30))
            }
        }
    }

    private mutating func addRoad(_ from: Int, _ to: Int, _ attributes: RoadAttributes) {
        let bends = [0.25, 0.5, 0.75].map { share in
            PlanarPoint(
                x: nodes[from].x + (nodes[to].x - nodes[from].x) * share,
                y: nodes[from].y + (nodes[to].y - nodes[from].y) * share)
        }
        roads.append(Road(from: from, to: to, bends: bends, attributes: attributes))
    }

    // MARK: The ring

    private mutating func layOutRing() {
        // Where primary lines leave the grid, they meet the ring.
        var exits: [Int] = []
        for column in 0..<SyntheticCity.columns where SyntheticCity.rank(ofLine: column) == 2 {
            exits.append(SyntheticCity.node(column, 0))
            exits.append(SyntheticCity.node(column, SyntheticCity.rows - 1))
        }
        for row in 0..<SyntheticCity.rows where SyntheticCity.rank(ofLine: row) == 2 {
            exits.append(SyntheticCity.node(0, row))
            exits.append(SyntheticCity.node(SyntheticCity.columns - 1, row))
        }
        let sorted = Set(exits).map { (angle: atan2(nodes[$0].y * 1.25, nodes[$0].x), node: $0) }
            .sorted { ($0.angle, $0.node) < ($1.angle, $1.node) }
        var carriageways: [[Int]] = [[], []]
        for exit in sorted {
            let inner = nodes.count
            nodes.append(SyntheticCity.ring(exit.angle, out: 0))
            nodes.append(SyntheticCity.ring(exit.angle, out: 45))
            carriageways[0].append(inner)
            carriageways[1].append(inner + 1)
            addRoad(exit.node, inner, RoadAttributes(.primary, speedLimit: 70))
            addRoad(inner, inner + 1, RoadAttributes(.trunkLink, speedLimit: 50))
        }
        for index in sorted.indices {
            let next = (index + 1) % sorted.count
            let start = sorted[index].angle
            let end = sorted[next].angle + (next == 0 ? 2 * Double.pi : 0)
            // Traffic keeps to the right: the outer carriageway runs anticlockwise.
            for (lane, out) in [(0, 0.0), (1, 45.0)] {
                let bends = (1..<8).map { step in
                    SyntheticCity.ring(
                        start + (end - start) * Double(step) / 8, out: out)
                }
                roads.append(
                    Road(
                        from: carriageways[lane][index], to: carriageways[lane][next],
                        bends: bends,
                        attributes: RoadAttributes(
                            .trunk, forward: lane == 1, backward: lane == 0, speedLimit: 100)))
            }
        }
    }

    /// A point of the ring: a superellipse, which keeps clear of the grid's corners, with a swell.
    private static func ring(_ angle: Double, out: Double) -> PlanarPoint {
        let width = Double(columns) / 2 * spacing * 1.12 + out
        let height = Double(rows) / 2 * spacing * 1.12 + out
        let swell = 1 + 0.02 * sin(3 * angle)
        let roundness =
            pow(pow(abs(cos(angle)), 4) + pow(abs(sin(angle)), 4), -0.25) * swell
        return PlanarPoint(
            x: width * roundness * cos(angle), y: height * roundness * sin(angle))
    }

    // MARK: The graph

    private func build() throws(RoadNetworkError) -> RoadGraph {
        let kept = stronglyConnected()
        var builder = RoadGraphBuilder()
        func place(_ id: Int, _ point: PlanarPoint) {
            builder.addNode(Int64(id), plane.unproject(warp.moved(point)))
        }
        for node in nodes.indices { place(node + 1, nodes[node]) }
        var nextNode = nodes.count + 1
        for (index, road) in roads.enumerated() where kept[road.from] && kept[road.to] {
            var ids = [Int64(road.from + 1)]
            for bend in road.bends {
                place(nextNode, bend)
                ids.append(Int64(nextNode))
                nextNode += 1
            }
            ids.append(Int64(road.to + 1))
            builder.addWay(Int64(index + 1), nodes: ids, road.attributes)
        }
        return try builder.build()
    }

    /// The nodes from which the middle can be reached and that can be reached from it.
    private func stronglyConnected() -> [Bool] {
        let middle = SyntheticCity.node(15, 15)
        let forward = reached(from: middle, backwards: false)
        let backward = reached(from: middle, backwards: true)
        return zip(forward, backward).map { $0 && $1 }
    }

    private func reached(from start: Int, backwards: Bool) -> [Bool] {
        var neighbors = [[Int]](repeating: [], count: nodes.count)
        for road in roads {
            if backwards ? road.attributes.backward : road.attributes.forward {
                neighbors[road.from].append(road.to)
            }
            if backwards ? road.attributes.forward : road.attributes.backward {
                neighbors[road.to].append(road.from)
            }
        }
        var seen = [Bool](repeating: false, count: nodes.count)
        seen[start] = true
        var pending = [start]
        while let node = pending.popLast() {
            for next in neighbors[node] where !seen[next] {
                seen[next] = true
                pending.append(next)
            }
        }
        return seen
    }
}

/// What makes the grid a landscape: a smooth displacement, the river and the parks.
private struct Warp {
    var waves: [(x: Double, y: Double, phase: Double, east: Double, north: Double)] = []
    var parks: [(center: PlanarPoint, radius: Double)] = []
    var riverPhase: Double

    init(_ random: inout SeededGenerator) {
        riverPhase = random.unit() * 2 * .pi
        for _ in 0..<5 {
            waves.append(
                (
                    x: (random.unit() - 0.5) * 0.0026, y: (random.unit() - 0.5) * 0.0026,
                    phase: random.unit() * 2 * .pi, east: (random.unit() - 0.5) * 460,
                    north: (random.unit() - 0.5) * 460
                ))
        }
        for _ in 0..<5 {
            parks.append(
                (
                    center: PlanarPoint(
                        x: (random.unit() - 0.5) * 6_400, y: (random.unit() - 0.5) * 5_000),
                    radius: 220 + random.unit() * 280
                ))
        }
    }

    /// The river's northing at an easting, before the displacement.
    func river(_ x: Double) -> Double {
        420 * sin(x / 1_500 + riverPhase) + 180 * sin(x / 640 + 2 * riverPhase) - 500
    }

    func moved(_ point: PlanarPoint) -> PlanarPoint {
        var result = point
        for wave in waves {
            let swing = sin(point.x * wave.x + point.y * wave.y + wave.phase)
            result.x += wave.east * swing
            result.y += wave.north * swing
        }
        return result
    }
}
