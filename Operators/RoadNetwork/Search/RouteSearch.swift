/// Shortest paths from a node, as far as asked, over scratch memory that is used again and again.
///
/// Dijkstra's algorithm with a binary heap (Dijkstra 1959); a query allocates nothing once the
/// heap has grown. One value serves one thread and one graph: 20 bytes a node.
public struct RouteSearch {
    /// What a path is measured by.
    public enum Weight: Sendable {
        /// Metres.
        case distance
        /// Seconds at free flow.
        case time
    }

    private struct Label {
        /// The query that wrote the label; older ones are void.
        var query: UInt32
        var state: State
        var cost: Float
        /// Seconds at free flow along the path.
        var seconds: Float
        /// The segment by which the node was reached, -1 at the start.
        var segment: Int32
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

    /// Makes the scratch memory for `graph`.
    public init(_ graph: RoadGraph) {
        self.graph = graph
        labels = [Label](
            repeating: Label(query: 0, state: .reached, cost: 0, seconds: 0, segment: -1),
            count: graph.nodeCount)
        heap.reserveCapacity(256)
    }

    /// Searches from `node` until all of `targets` are settled or everything within `limit` is.
    ///
    /// Afterwards ``cost(to:)`` and ``segment(into:)`` answer for settled nodes. `banned` is a segment
    /// that must not be the first one of a path (the way back, for a vehicle that would have to turn);
    /// -1 for none.
    package mutating func run(
        from node: Int32, weight: Weight, limit: Float, targets: [Int32], banned: Int32 = -1
    ) {
        begin()
        var missing = 0
        for target in targets {
            let place = Int(target)
            if labels[place].query != query {
                labels[place] = Label(
                    query: query, state: .target, cost: .infinity, seconds: 0,
                    segment: -1)
                missing += 1
            }
        }
        let isTarget = labels[Int(node)].query == query
        labels[Int(node)] = Label(
            query: query, state: isTarget ? .target : .reached, cost: 0, seconds: 0, segment: -1)
        push(HeapItem(cost: 0, node: node))
        while missing > 0, let item = pop() {
            let place = Int(item.node)
            if labels[place].state == .settled { continue }
            if labels[place].state == .target { missing -= 1 }
            labels[place].state = .settled
            let before = labels[place].seconds
            let end = Int(graph.firstOutgoing[place + 1])
            for index in Int(graph.firstOutgoing[place])..<end {
                let segment = graph.segments[index]
                let step = weight == .distance ? segment.length : segment.seconds
                let cost = item.cost + step
                let seconds = before + segment.seconds
                if cost > limit || (banned == Int32(index) && item.node == node) { continue }
                let to = Int(segment.to)
                if labels[to].query != query {
                    labels[to] = Label(
                        query: query, state: .reached, cost: cost, seconds: seconds,
                        segment: Int32(index))
                } else if cost < labels[to].cost, labels[to].state != .settled {
                    labels[to].cost = cost
                    labels[to].seconds = seconds
                    labels[to].segment = Int32(index)
                } else {
                    continue
                }
                push(HeapItem(cost: cost, node: segment.to))
            }
        }
    }

    /// The cost of the way to a node that the last search settled, nil for any other.
    package func cost(to node: Int32) -> Float? {
        let label = labels[Int(node)]
        return label.query == query && label.state == .settled ? label.cost : nil
    }

    /// The seconds at free flow of the way to a node that the last search settled.
    package func seconds(to node: Int32) -> Float { labels[Int(node)].seconds }

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
