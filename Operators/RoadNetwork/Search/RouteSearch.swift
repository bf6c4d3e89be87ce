internal import Foundation

/// Shortest paths from a node, as far as asked, over scratch memory that is used again and again.
///
/// Dijkstra's algorithm with a binary heap (Dijkstra 1959); a query allocates nothing once the
/// heap has grown. One value serves one thread and one graph: 32 bytes a node.
public struct RouteSearch {
    /// What a path is measured by: a sum over its metres, its seconds and the choices at its crossings.
    public struct Weight: Hashable, Sendable {
        /// What a metre costs.
        public var perMeter: Float
        /// What a second at free flow costs.
        public var perSecond: Float
        /// What the natural logarithm of the number of ways on costs at each crossing: 1 makes the cost that of
        /// a driver who takes any way on as likely as any other.
        public var perChoice: Float

        /// Metres.
        public static let distance = Weight(perMeter: 1, perSecond: 0, perChoice: 0)
        /// Seconds at free flow.
        public static let time = Weight(perMeter: 0, perSecond: 1, perChoice: 0)

        /// Makes a measure of costs that are at least 0.
        public init(perMeter: Float, perSecond: Float, perChoice: Float) {
            self.perMeter = perMeter
            self.perSecond = perSecond
            self.perChoice = perChoice
        }
    }

    private struct Label {
        /// The query that wrote the label; older ones are void.
        var query: UInt32
        var state: State
        var cost: Float
        var along: Along
        /// The segment by which the node was reached, -1 at the start.
        var segment: Int32
    }

    /// What the matcher asks of a path.
    package struct Along: Sendable {
        /// Metres.
        package var meters: Float = 0
        /// Seconds at free flow.
        package var seconds: Float = 0
        /// The natural logarithms of how improbable the ways taken at its crossings are, the first and the last
        /// among them: of all that leave a crossing a way has the share of its class's ``RoadClass/appeal``.
        package var choices: Float = 0
    }

    private enum State: UInt8 {
        case reached
        /// Wanted, and not settled yet.
        case target
        case settled
    }

    private struct HeapItem {
        var cost: Float
        var node: Int32
    }

    /// The graph that is searched.
    public let graph: RoadGraph
    private var labels: [Label]
    private var heap: [HeapItem] = []
    private var query: UInt32 = 0
    /// The segment that no path of the last search starts with.
    private var banned: Int32 = -1
    /// The sum of the appeals of the segments that leave a node.
    private let appeals: [Int32]
    /// The appeal of each class by its raw value, and its logarithm.
    private let appealOfClass = RoadClass.allCases.map { Int32($0.appeal) }
    private let logarithmOfClass = RoadClass.allCases.map { log(Float($0.appeal)) }
    /// The logarithms of sums of appeals; what lies beyond counts as the last.
    private let logarithms = (0..<128).map { log(Float(max(1, $0))) }

    /// Makes the scratch memory for `graph`.
    public init(_ graph: RoadGraph) {
        self.graph = graph
        let appealOfClass = appealOfClass
        appeals = (0..<graph.nodeCount).map { node in
            let leaving = Int(graph.firstOutgoing[node])..<Int(graph.firstOutgoing[node + 1])
            return leaving.reduce(0) { $0 + appealOfClass[Int(graph.segments[$1].roadClass)] }
        }
        labels = [Label](
            repeating: Label(query: 0, state: .reached, cost: 0, along: Along(), segment: -1),
            count: graph.nodeCount)
        heap.reserveCapacity(256)
    }

    /// Searches from `node` until all of `targets` are settled or everything within `limit` is.
    ///
    /// Afterwards ``cost(to:)``, ``along(to:)`` and ``segment(into:)`` answer for settled nodes. No path is
    /// longer than `reach` metres. `banned` is a segment that must not be the first one of a path (the way back,
    /// for a vehicle that would have to turn); -1 for none.
    package mutating func run(
        from node: Int32, weight: Weight, limit: Float, reach: Float = .infinity,
        targets: [Int32], banned: Int32 = -1
    ) {
        begin()
        self.banned = banned
        var missing = 0
        for target in targets {
            let place = Int(target)
            if labels[place].query != query {
                labels[place] = Label(
                    query: query, state: .target, cost: .infinity, along: Along(), segment: -1)
                missing += 1
            }
        }
        let isTarget = labels[Int(node)].query == query
        labels[Int(node)] = Label(
            query: query, state: isTarget ? .target : .reached, cost: 0, along: Along(),
            segment: -1)
        push(HeapItem(cost: 0, node: node))
        while missing > 0, let item = pop() {
            let place = Int(item.node)
            if labels[place].state == .settled { continue }
            if labels[place].state == .target { missing -= 1 }
            labels[place].state = .settled
            settle(item, weight, limit: limit, reach: reach)
        }
    }

    /// Looks at what follows a node that is settled.
    @inline(__always)
    private mutating func settle(
        _ item: HeapItem, _ weight: Weight, limit: Float, reach: Float
    ) {
        let place = Int(item.node)
        let before = labels[place].along
        let all = waysOn(from: place)
        let range = Int(graph.firstOutgoing[place])..<Int(graph.firstOutgoing[place + 1])
        for index in range {
            let segment = graph.segments[index]
            let choice = max(0, all - logarithmOfClass[Int(segment.roadClass)])
            let along = Along(
                meters: before.meters + segment.length, seconds: before.seconds + segment.seconds,
                choices: before.choices + choice)
            let cost =
                item.cost + weight.perMeter * segment.length
                + weight.perSecond * segment.seconds + weight.perChoice * choice
            if cost > limit || along.meters > reach { continue }
            if labels[place].segment < 0, banned == Int32(index) { continue }
            let to = Int(segment.to)
            if labels[to].query != query {
                labels[to] = Label(
                    query: query, state: .reached, cost: cost, along: along,
                    segment: Int32(index))
            } else if cost < labels[to].cost, labels[to].state != .settled {
                labels[to].cost = cost
                labels[to].along = along
                labels[to].segment = Int32(index)
            } else {
                continue
            }
            push(HeapItem(cost: cost, node: segment.to))
        }
    }

    /// The cost of the way to a node that the last search settled, nil for any other.
    package func cost(to node: Int32) -> Float? {
        let label = labels[Int(node)]
        return label.query == query && label.state == .settled ? label.cost : nil
    }

    /// What the way to a node that the last search settled is made of, with the choice of the segment `next` there.
    package func along(to node: Int32, into next: Int32) -> Along {
        var along = labels[Int(node)].along
        let roadClass = Int(graph.segments[next].roadClass)
        along.choices += max(0, waysOn(from: Int(node)) - logarithmOfClass[roadClass])
        return along
    }

    /// The logarithm of the sum of the appeals of the ways on from a node that was reached.
    @inline(__always)
    private func waysOn(from node: Int) -> Float {
        let by = labels[node].segment
        let back = by < 0 ? banned : graph.segments[by].reverse
        let ofBack = back >= 0 ? appealOfClass[Int(graph.segments[back].roadClass)] : 0
        return logarithms[max(0, min(logarithms.count - 1, Int(appeals[node] - ofBack)))]
    }

    /// The segment by which the last search reached a node, -1 at its start.
    package func segment(into node: Int32) -> Int32 { labels[Int(node)].segment }

    /// The cheapest route between two nodes as segment indices; nil when there is none within
    /// `limit` (metres or seconds), empty when both are the same.
    public mutating func route(
        from start: Int, to end: Int, weight: Weight = .time, limit: Double = .infinity
    ) -> [Int]? {
        precondition((0..<graph.nodeCount).contains(start), "no such node")
        precondition((0..<graph.nodeCount).contains(end), "no such node")
        let target = Int32(end)
        run(from: Int32(start), weight: weight, limit: Float(limit), targets: [target])
        guard cost(to: target) != nil else { return nil }
        var segments: [Int] = []
        var node = target
        while true {
            let segment = segment(into: node)
            if segment < 0 { return segments.reversed() }
            segments.append(Int(segment))
            node = graph.segments[segment].from
        }
    }

    // MARK: Labels and heap

    private mutating func begin() {
        heap.removeAll(keepingCapacity: true)
        query &+= 1
        if query == 0 {
            // The counter has gone round: labels of 2³² queries ago would look new.
            for index in labels.indices { labels[index].query = 0 }
            query = 1
        }
    }

    @inline(__always)
    private mutating func push(_ item: HeapItem) {
        var hole = heap.count
        heap.append(item)
        while hole > 0 {
            let parent = (hole - 1) / 2
            if heap[parent].cost <= item.cost { break }
            heap[hole] = heap[parent]
            hole = parent
        }
        heap[hole] = item
    }

    @inline(__always)
    private mutating func pop() -> HeapItem? {
        guard let top = heap.first else { return nil }
        let last = heap.removeLast()
        if heap.isEmpty { return top }
        var hole = 0
        let count = heap.count
        while true {
            var child = 2 * hole + 1
            if child >= count { break }
            if child + 1 < count, heap[child + 1].cost < heap[child].cost { child += 1 }
            if heap[child].cost >= last.cost { break }
            heap[hole] = heap[child]
            hole = child
        }
        heap[hole] = last
        return top
    }
}
