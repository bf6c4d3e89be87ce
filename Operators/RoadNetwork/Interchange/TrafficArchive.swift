internal import Glibc

/// The file of ``ValhallaTraffic``, open, with what its entries say: read by `pread` and never mapped here, so that
/// one that is cut short meanwhile gives an error.
final class TrafficArchive {
    /// A tile's place in the file.
    struct Tile: Hashable {
        /// Where the header starts.
        var offset: Int
        var edges: Int
        /// Seconds since 1970.
        var lastUpdate: UInt64

        /// Where an edge's speed is.
        func place(of edge: Int) -> Int { offset + TrafficArchive.headerSize + 8 * edge }
    }

    private static let block = 512
    private static let headerSize = 32

    let descriptor: Int32
    /// Bytes when the file was opened.
    let size: Int
    private let device: UInt64
    private let inode: UInt64

    init(path: String) throws(RoadNetworkError) {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path: path, code: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw .unreadable(path: path, code: code)
        }
        self.descriptor = descriptor
        size = Int(status.st_size)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        guard size > 0 else { throw .truncated(offset: 0) }
    }

    deinit { close(descriptor) }

    /// Whether `path` names this file, and it has the size that it was opened with.
    func isNamed(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && UInt64(status.st_dev) == device
            && UInt64(status.st_ino) == inode && Int(status.st_size) == size
    }

    /// Whether the file has fewer bytes than when it was opened.
    var isCutShort: Bool {
        var status = stat()
        return fstat(descriptor, &status) != 0 || Int(status.st_size) < size
    }

    /// Some bytes; nil where the file has ended.
    func read(_ offset: Int, _ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        let found = bytes.withUnsafeMutableBytes {
            pread(descriptor, $0.baseAddress, count, off_t(offset))
        }
        return found == count ? bytes : nil
    }

    /// A little-endian number.
    static func integer<Value: FixedWidthInteger>(_ bytes: [UInt8], _ offset: Int) -> Value {
        bytes.withUnsafeBytes {
            Value(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Value.self))
        }
    }

    // MARK: Entries

    /// Walks the entries (POSIX ustar): blocks of 512 bytes, a header block an entry, a block of zeros at the end.
    func tiles() throws(RoadNetworkError) -> [ValhallaEdgeID: Tile] {
        var tiles: [ValhallaEdgeID: Tile] = [:]
        var offset = 0
        while true {
            // One that is still being written has no end.
            guard let header = read(offset, TrafficArchive.block) else {
                throw .truncated(offset: offset)
            }
            if header.allSatisfy({ $0 == 0 }) { break }
            let size = try TrafficArchive.octal(header[124..<136], at: offset)
            let content = offset + TrafficArchive.block
            guard size <= self.size - content else { throw .truncated(offset: offset) }
            if header[..<100].prefix(while: { $0 != 0 }).suffix(4).elementsEqual(".gph".utf8) {
                let (id, tile) = try tile(at: content)
                guard size >= tile.place(of: tile.edges) - content else {
                    throw .truncated(offset: content)
                }
                tiles[id] = tile
            }
            let blocks = (size + TrafficArchive.block - 1) / TrafficArchive.block
            offset = content + blocks * TrafficArchive.block
        }
        guard !tiles.isEmpty else {
            throw .malformed(offset: 0, "an archive without traffic tiles")
        }
        return tiles
    }

    /// The tile whose header starts at `offset`.
    func tile(at offset: Int) throws(RoadNetworkError) -> (ValhallaEdgeID, Tile) {
        guard let header = read(offset, TrafficArchive.headerSize) else {
            throw .truncated(offset: offset)
        }
        let version: UInt32 = TrafficArchive.integer(header, 20)
        guard version == ValhallaTraffic.version else {
            throw .unsupported("traffic tiles of version \(version)")
        }
        let edges: UInt32 = TrafficArchive.integer(header, 16)
        let tile = Tile(
            offset: offset, edges: Int(edges), lastUpdate: TrafficArchive.integer(header, 8))
        return (ValhallaEdgeID(rawValue: TrafficArchive.integer(header, 0)).tile, tile)
    }

    private static func octal(
        _ digits: ArraySlice<UInt8>, at offset: Int
    ) throws(RoadNetworkError) -> Int {
        var value = 0
        for byte in digits where byte != 0 && byte != 32 {
            guard (48...55).contains(byte), value < 1 << 50 else {
                throw .malformed(offset: offset, "no size of an entry")
            }
            value = value * 8 + Int(byte - 48)
        }
        return value
    }
}
