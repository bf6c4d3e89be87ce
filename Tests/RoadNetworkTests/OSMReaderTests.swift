import Compression
import Geo
import Records
import RoadNetwork
import Testing

@Suite("Reading OSM PBF")
struct OSMReaderTests {
    @Test(
        "a crossing becomes its segments, however the blob is packed",
        arguments: [
            nil, Codec.zlib, .zstd,
        ])
    func crossing(codec: Codec?) throws {
        var sample = PBFSample.crossing
        sample.codec = codec
        let graph = try RoadGraph(osmPBF: sample.file)
        // Way 1 has two halves in two directions, way 2 two halves in one.
        #expect(graph.segmentCount == 6)
        #expect(graph.nodeCount == 5)
        #expect(graph.report.waysRead == 3)
        #expect(graph.report.drivableWays == 2)
        #expect(graph.report.oneWays == 1)
        #expect(graph.report.nodePairs == 8)
        #expect(graph.report.faults == 0)
        let id = SegmentID(way: 1, from: 10, to: 12, forward: true)
        let segment = graph.segment(try #require(graph.index(of: id)))
        #expect(segment.roadClass == .primary && segment.speedLimit == 50)
        #expect(abs(segment.length - 200.15) < 0.1)
        #expect(graph.geometry(segment.index).coordinates.count == 3)
    }

    @Test("a file that ends early says where", arguments: 0..<40)
    func truncated(part: Int) {
        let file = PBFSample.crossing.file
        let bytes = Array(file.prefix(1 + file.count * part / 41))
        let header = PBFSample.header(["OsmSchema-V0.6", "DenseNodes"]).count
        if bytes.count == header { return }
        let offset = bytes.count < header ? 0 : header
        #expect(throws: RoadNetworkError.truncated(offset: offset)) {
            try RoadGraph(osmPBF: bytes)
        }
    }

    @Test("an empty file and one without roads hold no road")
    func empty() {
        #expect(throws: RoadNetworkError.noRoads) { try RoadGraph(osmPBF: []) }
        var sample = PBFSample.crossing
        sample.ways = [(3, [10, 20], [("highway", "footway")])]
        #expect(throws: RoadNetworkError.noRoads) { try RoadGraph(osmPBF: sample.file) }
    }

    @Test("what the reader can't do, it refuses by name")
    func unsupported() {
        var sample = PBFSample.crossing
        sample.requiredFeatures.append("HistoricalInformation")
        #expect(throws: RoadNetworkError.unsupported("the feature HistoricalInformation")) {
            try RoadGraph(osmPBF: sample.file)
        }
    }

    @Test(
        "what is no PBF file is malformed at its first byte",
        arguments: [
            Array("<?xml version=\"1.0\"?><osm></osm>".utf8), [UInt8](repeating: 0, count: 64),
            [0, 0, 0, 4, 255, 255, 255, 255, 1, 2, 3],
        ])
    func foreign(bytes: [UInt8]) {
        let error = #expect(throws: RoadNetworkError.self) { try RoadGraph(osmPBF: bytes) }
        guard case .malformed(offset: 0, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("a blob that unpacks to more than the format allows is refused")
    func bomb() {
        let bomb = PBFSample.blob([UInt8](repeating: 0, count: 33 << 20), codec: .zlib)
        #expect(throws: RoadNetworkError.self) { try RoadGraph(osmPBF: bomb) }
    }

    @Test("dangling references cut the way and are counted")
    func dangling() throws {
        var sample = PBFSample.crossing
        sample.nodes.removeAll { $0.id == 13 || $0.id == 20 }
        let graph = try RoadGraph(osmPBF: sample.file)
        #expect(graph.report.danglingReferences == 2)
        #expect(graph.index(of: SegmentID(way: 1, from: 12, to: 14, forward: true)) == nil)
        #expect(graph.index(of: SegmentID(way: 2, from: 21, to: 12, forward: true)) != nil)
    }

    @Test("unknown values of tags are counted and stand for nothing")
    func unknownTags() throws {
        var sample = PBFSample.crossing
        sample.ways[0].tags = [
            ("highway", "primary"), ("maxspeed", "quite fast"), ("oneway", "perhaps"),
            ("access", "friends"),
        ]
        sample.ways.append((4, [10, 24], [("highway", "teleporter")]))
        let graph = try RoadGraph(osmPBF: sample.file)
        #expect(graph.report.unknownSpeedLimits == 1)
        #expect(graph.report.unknownOneWays == 1)
        #expect(graph.report.unknownAccess == 1)
        #expect(graph.report.unknownClasses == 1)
        let id = SegmentID(way: 1, from: 12, to: 10, forward: false)
        let segment = graph.segment(try #require(graph.index(of: id)))
        #expect(segment.speedLimit == RoadClass.primary.defaultSpeedLimit)
        #expect(segment.access == .open)
    }

    @Test("nodes off the earth count as missing")
    func offTheEarth() throws {
        var sample = PBFSample.crossing
        sample.nodes[0].latitude = 950_000_000
        sample.nodes[1].longitude = .max
        let graph = try RoadGraph(osmPBF: sample.file)
        #expect(graph.report.invalidCoordinates >= 2)
    }

    @Test("10,000 seeded mutations of blobs leave the process alive")
    func mutations() {
        var random = SeededGenerator(seed: 20_161_201)
        let sample = PBFSample.crossing
        let file = sample.file
        let block = sample.block
        let header = PBFSample.header(sample.requiredFeatures)
        var outcomes = (read: 0, refused: 0)
        for round in 0..<10_000 {
            // Half of them inside the packed block, where a checksum would catch the rest.
            var bytes = round % 2 == 0 ? file : block
            for _ in 0..<(1 + Int(random.next() % 4)) { mutate(&bytes, &random) }
            let mutated =
                round % 2 == 0 ? bytes : header + PBFSample.blob(bytes, codec: nil)
            do {
                let graph = try RoadGraph(osmPBF: mutated)
                outcomes.read += graph.segmentCount > 0 ? 1 : 0
            } catch {
                outcomes.refused += 1
            }
        }
        #expect(outcomes.read > 500 && outcomes.refused > 2_000)
        #expect(outcomes.read + outcomes.refused == 10_000)
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        let place = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 5 {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes[place] ^= 1 << UInt8(random.next() % 8)
        case 2: bytes.remove(at: place)
        case 3: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
        default: bytes.removeLast(min(bytes.count - 1, Int(random.next() % 16)))
        }
    }
}
