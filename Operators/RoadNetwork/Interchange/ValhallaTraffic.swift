internal import Glibc

/// Valhalla's `traffic.tar`, mapped and updated in place: a router that has it mapped sees each speed at once.
///
/// The archive is made by `valhalla_build_extract --with-traffic`: an entry a tile, of a header of 32 bytes (tile,
/// seconds since 1970, number of edges, version, two spare words; all little-endian) and 8 bytes an edge. Nothing
/// here changes its size or its order. Each speed is one aligned store of 64 bits.
///
/// Who makes the tiles anew replaces the file, or cuts it short and writes it again: ``isCurrent()`` tells. The
/// mapping is written only, each time behind a look at the file's size, and everything is read by `pread`: to touch
/// a page that the file no longer has would end the process.
public final class ValhallaTraffic {
    /// The version of traffic tiles that is written.
    public static let version: UInt32 = 3
    /// How many stores one look at the file's size is good for.
    private static let storesPerLook = 64

    private let path: String
    private let file: TrafficArchive
    private let bytes: UnsafeMutableRawBufferPointer
    private var tiles: [ValhallaEdgeID: TrafficArchive.Tile]

    /// Maps the archive at `path` for writing.
    ///
    /// - Throws: ``RoadNetworkError`` when it can't be opened, is cut short, is no archive of traffic tiles, or has
    ///   tiles of another version.
    public init(path: String) throws(RoadNetworkError) {
        let file = try TrafficArchive(path: path)
        tiles = try file.tiles()
        guard
            let start = mmap(
                nil, file.size, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor, 0),
            start != MAP_FAILED
        else { throw .unreadable(path: path, code: errno) }
        self.path = path
        self.file = file
        bytes = UnsafeMutableRawBufferPointer(start: start, count: file.size)
    }

    deinit { munmap(bytes.baseAddress, bytes.count) }

    /// How many tiles there are.
    public var tileCount: Int { tiles.count }

    /// The tiles, by number.
    public var tileIDs: [ValhallaEdgeID] { tiles.keys.sorted() }

    /// How many directed edges a tile has; nil for a tile that isn't there.
    public func edgeCount(of tile: ValhallaEdgeID) -> Int? { tiles[tile.tile]?.edges }

    /// The speed of an edge; nil for one that isn't there.
    public func speed(of edge: ValhallaEdgeID) -> ValhallaSpeed? {
        guard let place = place(of: edge), let bytes = file.read(place, 8) else { return nil }
        return ValhallaSpeed(rawValue: TrafficArchive.integer(bytes, 0))
    }

    /// Sets the speed of an edge.
    ///
    /// - Returns: whether the archive has the edge.
    /// - Throws: ``RoadNetworkError/outdated(_:)`` when the file was cut short.
    @discardableResult
    public func set(
        _ speed: ValhallaSpeed, of edge: ValhallaEdgeID
    ) throws(RoadNetworkError) -> Bool {
        guard let place = place(of: edge) else { return false }
        try look()
        store(speed.rawValue, place)
        return true
    }

    /// Makes the speed of every edge unknown.
    ///
    /// - Throws: ``RoadNetworkError/outdated(_:)`` when the file was cut short.
    public func clear() throws(RoadNetworkError) {
        for tile in tiles.values {
            for edge in 0..<tile.edges {
                if edge % ValhallaTraffic.storesPerLook == 0 { try look() }
                store(ValhallaSpeed.unknown.rawValue, tile.place(of: edge))
            }
        }
    }

    /// Notes in every tile when its speeds were last changed, in seconds since 1970.
    ///
    /// - Throws: ``RoadNetworkError/outdated(_:)`` when the file was cut short.
    public func stamp(_ seconds: UInt64) throws(RoadNetworkError) {
        for id in tiles.keys {
            guard let tile = tiles[id] else { continue }
            try look()
            store(seconds, tile.offset + 8)
            tiles[id]?.lastUpdate = seconds
        }
    }

    /// Whether the path still names the file that is mapped, and nobody has written it anew: it has its size, and
    /// each tile its header, with what ``stamp(_:)`` has noted there.
    public func isCurrent() -> Bool {
        file.isNamed(path)
            && tiles.allSatisfy { id, tile in
                (try? file.tile(at: tile.offset)).map { $0 == (id, tile) } ?? false
            }
    }

    private func place(of edge: ValhallaEdgeID) -> Int? {
        guard let tile = tiles[edge.tile], edge.index < tile.edges else { return nil }
        return tile.place(of: edge.index)
    }

    /// Makes sure that the file has all pages of the mapping.
    private func look() throws(RoadNetworkError) {
        if file.isCutShort { throw .outdated("\(path) was cut short while it was in use") }
    }

    private func store(_ value: UInt64, _ place: Int) {
        bytes.storeBytes(of: value.littleEndian, toByteOffset: place, as: UInt64.self)
    }
}
