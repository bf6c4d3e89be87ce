public import Geo
internal import Records

/// A road network as a directed graph: segments between crossings, their geometry, who follows whom,
/// and an index by place.
///
/// Immutable and shared by all tasks. Nodes are numbered along a space-filling curve and segments by
/// the node where they start, so that what lies near in the world lies near in memory; the numbering
/// is a function of the roads alone, not of their order in the file. The columns are flat: about 36
/// bytes a directed segment, 12 a point of geometry and 8 an entry of the spatial index.
public final class RoadGraph: Sendable {
    /// Crossings and road ends.
    public let nodeCount: Int
    /// Directed segments.
    public let segmentCount: Int
    /// The smallest box around all roads.
    public let bounds: BoundingBox
    /// What was read and what was wrong with it.
    public let report: RoadGraphReport
    /// A function of all that the graph holds; states that name segments by index keep it.
    public let fingerprint: UInt64

    let nodeIDs: FlatArray<Int64>
    let nodePoints: FlatArray<E7Point>
    /// The first segment that starts at each node, and one past the last for the end.
    let firstOutgoing: FlatArray<Int32>
    let firstIncoming: FlatArray<Int32>
    let incomingSegments: FlatArray<Int32>
    package let segments: FlatArray<SegmentRecord>
    package let segmentIDs: FlatArray<UInt64>
    let segmentWays: FlatArray<Int64>
    /// Segment indices by ascending id.
    let byID: FlatArray<Int32>
    package let shape: FlatArray<ShapePoint>
    let grid: SegmentGrid

    init(_ parts: RoadParts) throws(RoadNetworkError) {
        let columns = try RoadColumns(parts)
        nodeCount = columns.nodeIDs.count
        segmentCount = columns.segments.count
        bounds = BoundingBox(containing: columns.shape.lazy.map(\.point.coordinate))
        report = columns.report
        fingerprint = columns.fingerprint
        nodeIDs = FlatArray(columns.nodeIDs)
        nodePoints = FlatArray(columns.nodePoints)
        firstOutgoing = FlatArray(columns.firstOutgoing)
        firstIncoming = FlatArray(columns.firstIncoming)
        incomingSegments = FlatArray(columns.incomingSegments)
        segments = FlatArray(columns.segments)
        segmentIDs = FlatArray(columns.segmentIDs)
        segmentWays = FlatArray(columns.segmentWays)
        byID = FlatArray(columns.byID)
        shape = FlatArray(columns.shape)
        grid = SegmentGrid(segments: segments, shape: shape, bounds: bounds)
    }

    deinit {
        nodeIDs.deallocate()
        nodePoints.deallocate()
        firstOutgoing.deallocate()
        firstIncoming.deallocate()
        incomingSegments.deallocate()
        segments.deallocate()
        segmentIDs.deallocate()
        segmentWays.deallocate()
        byID.deallocate()
        shape.deallocate()
        grid.deallocate()
    }
}

extension RoadGraph {
    /// Reads an OSM PBF file's bytes: blobs raw, zlib or Zstandard, nodes dense or not.
    ///
    /// Faults of the map are counted in ``report``.
    ///
    /// - Throws: ``RoadNetworkError`` for bytes that are cut short, damaged or hold no road.
    public convenience init(osmPBF bytes: UnsafeRawBufferPointer) throws(RoadNetworkError) {
        var reader = OSMReader()
        try reader.read(bytes)
        try self.init(reader.builder.parts())
    }

    /// Reads an OSM PBF file's bytes; see ``init(osmPBF:)-(UnsafeRawBufferPointer)``.
    public convenience init(osmPBF bytes: [UInt8]) throws(RoadNetworkError) {
        var reader = OSMReader()
        try bytes.withUnsafeBufferPointer { (buffer) throws(RoadNetworkError) in
            try reader.read(UnsafeRawBufferPointer(buffer))
        }
        try self.init(reader.builder.parts())
    }

    /// Maps and reads the OSM PBF file at `path`.
    public convenience init(contentsOfOSMFile path: String) throws(RoadNetworkError) {
        let file = try MappedFile(path: path)
        try self.init(osmPBF: file.bytes)
        withExtendedLifetime(file) {}
    }
}
