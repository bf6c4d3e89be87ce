public import Geo

// Reading the graph, by index. Indices come from the graph itself; one out of range is the caller's
// fault and stops the program.
extension RoadGraph {
    /// The lasting name of a segment.
    public func id(of segment: Int) -> SegmentID { SegmentID(rawValue: segmentIDs[segment]) }

    /// The index of the segment with a name; nil when this graph has none.
    public func index(of id: SegmentID) -> Int? {
        var low = 0
        var high = byID.count
        while low < high {
            let middle = (low + high) / 2
            if segmentIDs[byID[middle]] < id.rawValue { low = middle + 1 } else { high = middle }
        }
        guard low < byID.count, segmentIDs[byID[low]] == id.rawValue else { return nil }
        return Int(byID[low])
    }

    /// All that is known of a segment.
    public func segment(_ index: Int) -> RoadSegment {
        let record = segments[index]
        return RoadSegment(
            id: id(of: index), index: index, from: Int(record.from), to: Int(record.to),
            reverse: record.reverse < 0 ? nil : Int(record.reverse), way: segmentWays[index],
            roadClass: roadClass(index), access: RoadAccess(rawValue: record.access) ?? .open,
            isRoundabout: record.isRoundabout, length: Double(record.length),
            speedLimit: Int(record.speedLimit), freeFlowSpeed: freeFlowSpeed(index))
    }

    /// The node where a segment starts.
    public func startNode(_ segment: Int) -> Int { Int(segments[segment].from) }

    /// The node where a segment ends.
    public func endNode(_ segment: Int) -> Int { Int(segments[segment].to) }

    /// The same road in the other direction; nil for a one-way.
    public func reverse(_ segment: Int) -> Int? {
        let reverse = segments[segment].reverse
        return reverse < 0 ? nil : Int(reverse)
    }

    /// Metres along the geometry, always positive.
    public func length(_ segment: Int) -> Double { Double(segments[segment].length) }

    /// The rank of a segment's road.
    public func roadClass(_ segment: Int) -> RoadClass {
        RoadClass(rawValue: segments[segment].roadClass) ?? .service
    }

    /// The limit in km/h.
    public func speedLimit(_ segment: Int) -> Int { Int(segments[segment].speedLimit) }

    /// The speed in m/s that traffic drives when nothing is in its way.
    public func freeFlowSpeed(_ segment: Int) -> Double {
        let record = segments[segment]
        return Double(record.length / record.seconds)
    }

    /// The segments that start at a node.
    public func outgoing(_ node: Int) -> Range<Int> {
        Int(firstOutgoing[node])..<Int(firstOutgoing[node + 1])
    }

    /// The segments that end at a node.
    public func incoming(_ node: Int) -> [Int] {
        (Int(firstIncoming[node])..<Int(firstIncoming[node + 1])).map { Int(incomingSegments[$0]) }
    }

    /// Where a node lies.
    public func coordinate(ofNode node: Int) -> Coordinate { nodePoints[node].coordinate }

    /// OpenStreetMap's id of a node.
    public func nodeID(_ node: Int) -> Int64 { nodeIDs[node] }

    /// A segment's points in the direction of driving, both ends included.
    public func geometry(_ segment: Int) -> Polyline {
        let record = segments[segment]
        let first = Int(record.firstPoint)
        let points = (first..<(first + Int(record.pointCount))).map { shape[$0].point.coordinate }
        return Polyline(record.isReversed ? points.reversed() : points)
    }

    /// The place `offset` metres along a segment, held to its ends.
    public func coordinate(on segment: Int, offset: Double) -> Coordinate {
        let record = segments[segment]
        let stored = Float(record.isReversed ? Double(record.length) - offset : offset)
        let first = Int(record.firstPoint)
        let last = first + Int(record.pointCount) - 1
        // The last point whose offset is not beyond.
        var low = first
        var high = last
        while low < high {
            let middle = (low + high + 1) / 2
            if shape[middle].offset <= stored { low = middle } else { high = middle - 1 }
        }
        let from = shape[low]
        guard low < last, stored > from.offset else { return from.point.coordinate }
        let to = shape[low + 1]
        let fraction = Double(stored - from.offset) / Double(max(1e-6, to.offset - from.offset))
        return from.point.coordinate.interpolated(
            to: to.point.coordinate, fraction: min(1, fraction))
    }
}
