internal import Geo
internal import Records

/// The graph's columns while they are made from its parts.
struct RoadColumns {
    var report: RoadGraphReport
    var nodeIDs: [Int64] = []
    var nodePoints: [E7Point] = []
    var firstOutgoing: [Int32] = []
    var firstIncoming: [Int32] = []
    var incomingSegments: [Int32] = []
    var segments: [SegmentRecord] = []
    var segmentIDs: [UInt64] = []
    var segmentWays: [Int64] = []
    var byID: [Int32] = []
    var shape: [ShapePoint] = []
    var fingerprint: UInt64 = 0

    /// A directed segment before it has its place.
    private struct Draft {
        var record: SegmentRecord
        var way: Int64
        var id: UInt64
        /// Two directions of one edge share it.
        var edge: Int
    }

    init(_ parts: RoadParts) throws(RoadNetworkError) {
        report = parts.report
        guard !parts.edges.isEmpty else { throw .noRoads }
        guard parts.edges.count < Int(Int32.max) / 2, parts.points.count < Int(Int32.max) else {
            throw .tooLarge("\(parts.edges.count) pieces of road")
        }
        let renumbered = numberNodes(parts)
        var drafts = draftSegments(parts, renumbered)
        drafts.sort {
            ($0.record.from, $0.record.to, $0.id) < ($1.record.from, $1.record.to, $1.id)
        }
        guard !drafts.isEmpty else { throw .noRoads }
        linkReverses(&drafts, edges: parts.edges.count)
        segments = drafts.map(\.record)
        segmentIDs = drafts.map(\.id)
        segmentWays = drafts.map(\.way)
        byID = (0..<Int32(drafts.count)).sorted { segmentIDs[Int($0)] < segmentIDs[Int($1)] }
        linkNodes()
        fingerprint = digest()
    }

    /// Numbers the nodes along the curve; returns the new number of each old one.
    private mutating func numberNodes(_ parts: RoadParts) -> [Int32] {
        let keys = parts.nodes.map { ($0.point.morton, $0.id) }
        let order = parts.nodes.indices.sorted { keys[$0] < keys[$1] }
        var renumbered = [Int32](repeating: 0, count: order.count)
        for (new, old) in order.enumerated() { renumbered[old] = Int32(new) }
        nodeIDs = order.map { parts.nodes[$0].id }
        nodePoints = order.map { parts.nodes[$0].point }
        return renumbered
    }

    private mutating func draftSegments(_ parts: RoadParts, _ renumbered: [Int32]) -> [Draft] {
        // Geometry is laid out in the order of the nodes where it starts.
        let starts = parts.edges.map { renumbered[Int($0.from)] }
        let order = parts.edges.indices.sorted { (starts[$0], $0) < (starts[$1], $1) }
        shape.reserveCapacity(parts.points.count)
        var drafts: [Draft] = []
        drafts.reserveCapacity(parts.edges.count * 2)
        var taken: Set<UInt64> = []
        taken.reserveCapacity(parts.edges.count * 2)
        // Ids are given in the order of the parts, which is by way.
        var ids: [(forward: UInt64, backward: UInt64)] = []
        ids.reserveCapacity(parts.edges.count)
        for edge in parts.edges { ids.append(identify(edge, parts, &taken)) }
        for index in order {
            let edge = parts.edges[index]
            let first = UInt32(shape.count)
            let length = appendShape(parts.points[edge.points])
            let attributes = edge.attributes
            func draft(forward: Bool) -> Draft {
                let limit =
                    forward ? attributes.forwardSpeedLimit : attributes.backwardSpeedLimit
                let speed = Double(limit) / 3.6 * attributes.roadClass.freeFlowFactor
                let from = renumbered[Int(edge.from)]
                let to = renumbered[Int(edge.to)]
                return Draft(
                    record: SegmentRecord(
                        from: forward ? from : to, to: forward ? to : from, reverse: -1,
                        length: length, seconds: length / Float(speed), firstPoint: first,
                        pointCount: UInt32(edge.points.count),
                        roadClass: attributes.roadClass.rawValue,
                        access: attributes.access.rawValue,
                        speedLimit: UInt8(clamping: limit),
                        flags: (forward ? 0 : 1) | (attributes.isRoundabout ? 2 : 0)),
                    way: edge.way, id: forward ? ids[index].forward : ids[index].backward,
                    edge: index)
            }
            if attributes.forward { drafts.append(draft(forward: true)) }
            if attributes.backward { drafts.append(draft(forward: false)) }
        }
        return drafts
    }

    private mutating func identify(
        _ edge: RoadParts.Edge, _ parts: RoadParts, _ taken: inout Set<UInt64>
    ) -> (forward: UInt64, backward: UInt64) {
        let from = parts.nodes[Int(edge.from)].id
        let to = parts.nodes[Int(edge.to)].id
        func free(_ forward: Bool) -> UInt64 {
            var occurrence = 0
            while true {
                let id = SegmentID(
                    way: edge.way, from: forward ? from : to, to: forward ? to : from,
                    forward: forward, occurrence: occurrence)
                if taken.insert(id.rawValue).inserted { return id.rawValue }
                report.idCollisions += 1
                occurrence += 1
            }
        }
        return (
            edge.attributes.forward ? free(true) : 0, edge.attributes.backward ? free(false) : 0
        )
    }

    private mutating func appendShape(_ points: ArraySlice<E7Point>) -> Float {
        var offset = 0.0
        var previous: E7Point?
        for point in points {
            if let previous { offset += previous.coordinate.distance(to: point.coordinate) }
            shape.append(ShapePoint(point: point, offset: Float(offset)))
            previous = point
        }
        // Points that coincide make a road without length, which no speed could be given for.
        return max(0.01, Float(offset))
    }

    private func linkReverses(_ drafts: inout [Draft], edges: Int) {
        var first = [Int32](repeating: -1, count: edges)
        for index in drafts.indices {
            let edge = drafts[index].edge
            if first[edge] < 0 {
                first[edge] = Int32(index)
            } else {
                drafts[index].record.reverse = first[edge]
                drafts[Int(first[edge])].record.reverse = Int32(index)
            }
        }
    }

    private mutating func linkNodes() {
        firstOutgoing = [Int32](repeating: 0, count: nodeIDs.count + 1)
        firstIncoming = firstOutgoing
        for segment in segments {
            firstOutgoing[Int(segment.from) + 1] += 1
            firstIncoming[Int(segment.to) + 1] += 1
        }
        for node in nodeIDs.indices {
            firstOutgoing[node + 1] += firstOutgoing[node]
            firstIncoming[node + 1] += firstIncoming[node]
        }
        var next = firstIncoming
        incomingSegments = [Int32](repeating: 0, count: segments.count)
        for (index, segment) in segments.enumerated() {
            incomingSegments[Int(next[Int(segment.to)])] = Int32(index)
            next[Int(segment.to)] += 1
        }
    }

    private func digest() -> UInt64 {
        var hash: UInt64 = 0x6D69_6C6C_7261_6365
        func add(_ value: UInt64) { hash = SeededGenerator.mix(hash ^ value) }
        for (id, point) in zip(nodeIDs, nodePoints) {
            add(UInt64(bitPattern: id))
            add(
                UInt64(UInt32(bitPattern: point.latitude)) << 32
                    | UInt64(UInt32(bitPattern: point.longitude)))
        }
        for (segment, id) in zip(segments, segmentIDs) {
            add(id)
            add(
                UInt64(UInt32(bitPattern: segment.from)) << 32
                    | UInt64(UInt32(bitPattern: segment.to)))
            add(
                UInt64(segment.roadClass) << 24 | UInt64(segment.access) << 16
                    | UInt64(segment.speedLimit) << 8 | UInt64(segment.flags))
        }
        for point in shape {
            add(
                UInt64(UInt32(bitPattern: point.point.latitude)) << 32
                    | UInt64(UInt32(bitPattern: point.point.longitude)))
        }
        return hash
    }
}
