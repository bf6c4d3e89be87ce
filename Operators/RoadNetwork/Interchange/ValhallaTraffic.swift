internal import Glibc

/// Valhalla's `traffic.tar`, mapped and updated in place: a router that has it mapped sees each speed at once.
///
/// The archive is made once, by `valhalla_build_extract --with-traffic`: an entry a tile, of a header of 32 bytes
/// (tile, seconds since 1970, number of edges, version, two spare words; all little-endian) and 8 bytes an edge.
/// Nothing here changes its size or its order. Each speed is one aligned store of 64 bits.
public final class ValhallaTraffic {
    /// The version of traffic tiles that is written.
    public static let version: UInt32 = 3
    private static let block = 512
    private static let headerSize = 32

    private struct Tile {
        /// Where the header starts.
        var offset: Int
        var edges: Int
    }

    private let bytes: UnsafeMutableRawBufferPointer
    private var tiles: [ValhallaEdgeID: Tile] = [:]

    /// Maps the archive at `path` for writing.
    ///
    /// - Throws: ``RoadNetworkError`` when it can't be opened, is cut short, is no archive of traffic tiles, or has
    ///   tiles of another version.
    public init(path: String) throws(RoadNetworkError) {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path: path, code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(path: path, code: errno) }
        guard status.st_size > 0 else { throw .truncated(offset: 0) }
        let size = Int(status.st_size)
        guard
            let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            start != MAP_FAILED
        else { throw .unreadable(path: path, code: errno) }
        bytes = UnsafeMutableRawBufferPointer(start: start, count: size)
        try readEntries()
    }

    deinit { munmap(bytes.baseAddress, bytes.count) }

    /// How many tiles there are.
    public var tileCount: Int { tiles.count }

    /// How many directed edges a tile has; nil for a tile that isn't there.
    public func edgeCount(of tile: ValhallaEdgeID) -> Int? { tiles[tile.tile]?.edges }

    /// The speed of an edge; nil for one that isn't there.
    public func speed(of edge: ValhallaEdgeID) -> ValhallaSpeed? {
        place(of: edge).map { place in
            ValhallaSpeed(
                rawValue: UInt64(littleEndian: bytes.load(fromByteOffset: place, as: UInt64.self)))
        }
    }

    /// Sets the speed of an edge.
    ///
    /// - Returns: whether the archive has the edge.
    @discardableResult
    public func set(_ speed: ValhallaSpeed, of edge: ValhallaEdgeID) -> Bool {
        guard let place = place(of: edge) else { return false }
        bytes.storeBytes(of: speed.rawValue.littleEndian, toByteOffset: place, as: UInt64.self)
        return true
    }

    /// Makes the speed of every edge unknown.
    public func clear() {
        for tile in tiles.values {
            for edge in 0..<tile.edges {
                bytes.storeBytes(
                    of: ValhallaSpeed.unknown.rawValue.littleEndian,
                    toByteOffset: tile.offset + ValhallaTraffic.headerSize + 8 * edge,
                    as: UInt64.self)
            }
        }
    }

    /// Notes in every tile when its speeds were last changed, in seconds since 1970.
    public func stamp(_ seconds: UInt64) {
        for tile in tiles.values {
            bytes.storeBytes(
                of: seconds.littleEndian, toByteOffset: tile.offset + 8, as: UInt64.self)
        }
    }

    private func place(of edge: ValhallaEdgeID) -> Int? {
        guard let tile = tiles[edge.tile], edge.index < tile.edges else { return nil }
        return tile.offset + ValhallaTraffic.headerSize + 8 * edge.index
    }

    // MARK: The archive

    /// Walks the entries of the archive (POSIX ustar): blocks of 512 bytes, a header block an entry.
    private func readEntries() throws(RoadNetworkError) {
        var offset = 0
        while offset + ValhallaTraffic.block <= bytes.count {
            let header = bytes[offset..<(offset + ValhallaTraffic.block)]
            if header.allSatisfy({ $0 == 0 }) { break }
            let size = try octal(offset + 124, 12)
            let content = offset + ValhallaTraffic.block
            guard size <= bytes.count - content else { throw .truncated(offset: offset) }
            if isTile(offset) { try readTile(content, size) }
            offset =
                content + (size + ValhallaTraffic.block - 1) / ValhallaTraffic.block
                * ValhallaTraffic.block
        }
        guard !tiles.isEmpty else {
            throw .malformed(offset: 0, "an archive without traffic tiles")
        }
    }

    /// Whether the entry's name ends in `.gph`.
    private func isTile(_ header: Int) -> Bool {
        let name = bytes[header..<(header + 100)].prefix { $0 != 0 }
        return name.suffix(4).elementsEqual(".gph".utf8)
    }

    private func octal(_ offset: Int, _ count: Int) throws(RoadNetworkError) -> Int {
        var value = 0
        for byte in bytes[offset..<(offset + count)] {
            if byte == 0 || byte == 32 { continue }
            guard (48...55).contains(byte), value < 1 << 50 else {
                throw .malformed(offset: offset, "no size of an entry")
            }
            value = value * 8 + Int(byte - 48)
        }
        return value
    }

    private func readTile(_ offset: Int, _ size: Int) throws(RoadNetworkError) {
        guard size >= ValhallaTraffic.headerSize else { throw .truncated(offset: offset) }
        let id = UInt64(littleEndian: bytes.load(fromByteOffset: offset, as: UInt64.self))
        let edges = UInt32(littleEndian: bytes.load(fromByteOffset: offset + 16, as: UInt32.self))
        let version = UInt32(littleEndian: bytes.load(fromByteOffset: offset + 20, as: UInt32.self))
        guard version == ValhallaTraffic.version else {
            throw .unsupported("traffic tiles of version \(version)")
        }
        guard size >= ValhallaTraffic.headerSize + 8 * Int(edges) else {
            throw .truncated(offset: offset)
        }
        tiles[ValhallaEdgeID(rawValue: id).tile] = Tile(offset: offset, edges: Int(edges))
    }
}
