internal import Foundation
internal import SwiftProtobuf

/// Turns the blocks of an OSM PBF file into roads and their nodes.
///
/// Two passes: the first finds the roads, the second places the nodes that they need, so that no more
/// is held than one block and the roads themselves, in whatever order the file has them.
struct OSMReader {
    private(set) var builder = RoadGraphBuilder()

    mutating func read(_ bytes: UnsafeRawBufferPointer) throws(RoadNetworkError) {
        try readWays(bytes)
        let wanted = builder.referencedNodes()
        var blobs = OSMBlobReader(bytes)
        while let block = try blobs.next() { readNodes(block, wanted: wanted) }
    }

    // MARK: Ways

    /// The first pass alone.
    mutating func readWays(_ bytes: UnsafeRawBufferPointer) throws(RoadNetworkError) {
        var blobs = OSMBlobReader(bytes)
        while let block = try blobs.next() { readWays(block) }
    }

    private mutating func readWays(_ block: Osmpbf_PrimitiveBlock) {
        guard block.primitivegroup.contains(where: { !$0.ways.isEmpty }) else { return }
        let strings = block.stringtable.s
        // Which of the keys each string of the table is; 255 for none.
        let roles = strings.map { string in
            WayTags.keys.firstIndex { $0.utf8.elementsEqual(string) }.map { UInt8($0) } ?? 255
        }
        for group in block.primitivegroup {
            for way in group.ways { read(way, strings: strings, roles: roles) }
        }
    }

    private mutating func read(_ way: Osmpbf_Way, strings: [Data], roles: [UInt8]) {
        builder.report.waysRead += 1
        var tags = WayTags()
        if way.keys.count != way.vals.count { builder.report.brokenTags += 1 }
        for (key, value) in zip(way.keys, way.vals) {
            guard Int(key) < roles.count, Int(value) < strings.count else {
                builder.report.brokenTags += 1
                continue
            }
            let role = roles[Int(key)]
            if role != 255 {
                tags.set(Int(role), to: String(decoding: strings[Int(value)], as: UTF8.self))
            }
        }
        let drivable = builder.report.drivableWays
        let attributes = tags.attributes(&builder.report)
        if builder.report.drivableWays > drivable {
            builder.report.nodePairs += max(0, way.refs.count - 1)
        }
        guard let attributes else { return }
        var node: Int64 = 0
        let nodes = way.refs.map { delta in
            node = node &+ delta
            return node
        }
        builder.addWay(way.id, nodes: nodes, attributes)
    }

    // MARK: Nodes

    private mutating func readNodes(_ block: Osmpbf_PrimitiveBlock, wanted: [Int64]) {
        let scale = NodeScale(block)
        for group in block.primitivegroup {
            for node in group.nodes {
                place(node.id, node.lat, node.lon, scale, wanted: wanted)
            }
            guard group.hasDense else { continue }
            let dense = group.dense
            let count = min(dense.id.count, dense.lat.count, dense.lon.count)
            builder.report.invalidCoordinates += max(0, dense.id.count - count)
            var id: Int64 = 0
            var latitude: Int64 = 0
            var longitude: Int64 = 0
            for index in 0..<count {
                id = id &+ dense.id[index]
                latitude = latitude &+ dense.lat[index]
                longitude = longitude &+ dense.lon[index]
                place(id, latitude, longitude, scale, wanted: wanted)
            }
        }
    }

    private mutating func place(
        _ id: Int64, _ latitude: Int64, _ longitude: Int64, _ scale: NodeScale, wanted: [Int64]
    ) {
        builder.report.nodesRead += 1
        guard wanted.firstIndex(ofSorted: id) != nil else { return }
        if let latitude = scale.e7(latitude, scale.latitudeOffset, limit: 900_000_000),
            let longitude = scale.e7(longitude, scale.longitudeOffset, limit: 1_800_000_000)
        {
            builder.addNode(id, E7Point(latitude: latitude, longitude: longitude))
        } else {
            builder.report.invalidCoordinates += 1
        }
    }
}

/// A block's way to write coordinates: multiples of `granularity` nanodegrees beside an offset.
private struct NodeScale {
    let granularity: Int64
    let latitudeOffset: Int64
    let longitudeOffset: Int64

    init(_ block: Osmpbf_PrimitiveBlock) {
        granularity = Int64(block.granularity)
        latitudeOffset = block.latOffset
        longitudeOffset = block.lonOffset
    }

    /// The value in 1e-7 degrees, nil when it lies beyond `limit` or overflows.
    func e7(_ value: Int64, _ offset: Int64, limit: Int64) -> Int32? {
        let (product, overflow) = value.multipliedReportingOverflow(by: granularity)
        let (nanodegrees, overflow2) = product.addingReportingOverflow(offset)
        if overflow || overflow2 { return nil }
        let e7 = nanodegrees / 100
        return abs(e7) <= limit ? Int32(e7) : nil
    }
}

extension [Int64] {
    /// The index of `value` in an ascending array.
    func firstIndex(ofSorted value: Int64) -> Int? {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low < count && self[low] == value ? low : nil
    }
}
