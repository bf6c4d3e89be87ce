import Compression
import Records

/// Writes small OSM PBF files by hand, so that tests can make them right and wrong.
struct PBFSample {
    var nodes: [(id: Int64, latitude: Int64, longitude: Int64)] = []
    var ways: [(id: Int64, nodes: [Int64], tags: [(String, String)])] = []
    var requiredFeatures = ["OsmSchema-V0.6", "DenseNodes"]
    var codec: Codec? = .zlib

    /// Two streets that cross, a one-way among them, and a footpath.
    static var crossing: PBFSample {
        var sample = PBFSample()
        for index in 0..<5 {
            sample.nodes.append((Int64(10 + index), 500_000_000 + Int64(index) * 9_000, 80_000_000))
            sample.nodes.append(
                (Int64(20 + index), 500_018_000, 80_000_000 + Int64(index - 2) * 14_000))
        }
        sample.ways = [
            (1, [10, 11, 12, 13, 14], [("highway", "primary"), ("maxspeed", "50")]),
            (2, [20, 21, 12, 23, 24], [("highway", "residential"), ("oneway", "yes")]),
            (3, [10, 20], [("highway", "footway")]),
        ]
        return sample
    }

    /// The file's bytes.
    var file: [UInt8] { PBFSample.header(requiredFeatures) + PBFSample.blob(block, codec: codec) }

    /// The unpacked block of nodes and ways.
    var block: [UInt8] {
        var strings = [""]
        func index(_ text: String) -> UInt64 {
            if let index = strings.firstIndex(of: text) { return UInt64(index) }
            strings.append(text)
            return UInt64(strings.count - 1)
        }
        var group = ByteWriter()
        for way in ways {
            var message = ByteWriter()
            message.field(1, UInt64(bitPattern: way.id))
            message.packed(2, way.tags.map { index($0.0) })
            message.packed(3, way.tags.map { index($0.1) })
            message.packed(8, PBFSample.deltas(way.nodes))
            group.message(3, message.bytes)
        }
        var dense = ByteWriter()
        dense.packed(1, PBFSample.deltas(nodes.map(\.id)))
        dense.packed(8, PBFSample.deltas(nodes.map(\.latitude)))
        dense.packed(9, PBFSample.deltas(nodes.map(\.longitude)))
        var nodeGroup = ByteWriter()
        nodeGroup.message(2, dense.bytes)
        var table = ByteWriter()
        for string in strings { table.message(1, Array(string.utf8)) }
        var block = ByteWriter()
        block.message(1, table.bytes)
        block.message(2, nodeGroup.bytes)
        block.message(2, group.bytes)
        return block.bytes
    }

    /// A blob of a header block.
    static func header(_ features: [String]) -> [UInt8] {
        var block = ByteWriter()
        for feature in features { block.message(4, Array(feature.utf8)) }
        return blob(block.bytes, type: "OSMHeader", codec: nil)
    }

    /// A blob with its header and length.
    static func blob(_ content: [UInt8], type: String = "OSMData", codec: Codec?) -> [UInt8] {
        var blob = ByteWriter()
        blob.field(2, UInt64(content.count))
        switch codec {
        case .zlib: blob.message(3, (try? Codec.zlib.compress(content)) ?? [])
        case .zstd: blob.message(7, (try? Codec.zstd.compress(content)) ?? [])
        default: blob.message(1, content)
        }
        var header = ByteWriter()
        header.message(1, Array(type.utf8))
        header.field(3, UInt64(blob.count))
        var file = ByteWriter()
        file.bigEndian(UInt32(header.count))
        file.raw(header.bytes)
        file.raw(blob.bytes)
        return file.bytes
    }

    private static func deltas(_ values: [Int64]) -> [UInt64] {
        var last: Int64 = 0
        return values.map { value in
            defer { last = value }
            let delta = value &- last
            return UInt64(bitPattern: (delta << 1) ^ (delta >> 63))
        }
    }
}

extension ByteWriter {
    fileprivate mutating func field(_ number: UInt64, _ value: UInt64) {
        varint(number << 3)
        varint(value)
    }

    fileprivate mutating func message(_ number: UInt64, _ bytes: [UInt8]) {
        varint(number << 3 | 2)
        lengthPrefixed(bytes)
    }

    fileprivate mutating func packed(_ number: UInt64, _ values: [UInt64]) {
        var content = ByteWriter()
        for value in values { content.varint(value) }
        message(number, content.bytes)
    }
}
