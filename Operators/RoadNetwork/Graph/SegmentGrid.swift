internal import Foundation
internal import Geo

/// A grid over the map whose cells list the straight pieces of road that cross them.
struct SegmentGrid: Sendable {
    /// The wanted side of a cell in metres; larger where the map is vast and sparse.
    static let cellSide = 75.0
    /// From which longitude on somebody who drives there may be seen on the other side of the antimeridian.
    private static let edge = 179.0

    /// A piece of road: from point `point` of the shape to the next.
    struct Entry: BitwiseCopyable {
        /// One of the segments of this road, the one with the smaller index.
        var segment: Int32
        var point: UInt32
    }

    /// Whether the map reaches the antimeridian or beyond: longitudes are to be compared the shorter way round then.
    let goesRound: Bool
    /// The middle of the map.
    private let middle: Double
    private let south: Int64
    private let west: Int64
    private let cellHeight: Int64
    private let cellWidth: Int64
    private let columns: Int
    private let rows: Int
    private let firstEntry: FlatArray<UInt32>
    private let entries: FlatArray<Entry>

    init(
        segments: FlatArray<SegmentRecord>, shape: FlatArray<ShapePoint>, bounds: BoundingBox
    ) {
        // Cells are bounded by the number of pieces, so that two roads on two continents don't
        // reserve the planet.
        let budget = Double(max(1_024, shape.count * 4))
        let area = max(1, bounds.width * bounds.height)
        let side = max(SegmentGrid.cellSide, (area / budget).squareRoot())
        south = Int64((bounds.south * 1e7).rounded(.down))
        west = Int64((bounds.west * 1e7).rounded(.down))
        middle = (bounds.west + bounds.east) / 2 * 1e7
        goesRound = bounds.west < -SegmentGrid.edge || bounds.east > SegmentGrid.edge
        let scale = max(0.01, cos(bounds.center.latitude * .pi / 180))
        cellHeight = max(1, Int64(side / metersPerDegree * 1e7))
        cellWidth = max(1, Int64(side / metersPerDegree / scale * 1e7))
        columns = Int((Int64((bounds.east * 1e7).rounded(.up)) - west) / cellWidth) + 1
        rows = Int((Int64((bounds.north * 1e7).rounded(.up)) - south) / cellHeight) + 1

        var counts = [UInt32](repeating: 0, count: columns * rows + 1)
        let grid = Layout(
            south: south, west: west, cellHeight: cellHeight, cellWidth: cellWidth,
            columns: columns, rows: rows, middle: goesRound ? middle : nil)
        grid.forEachPiece(segments, shape) { cell, _ in counts[cell + 1] += 1 }
        for cell in 0..<(columns * rows) { counts[cell + 1] += counts[cell] }
        var next = counts
        var list = [Entry](
            repeating: Entry(segment: 0, point: 0), count: Int(counts[columns * rows]))
        grid.forEachPiece(segments, shape) { cell, entry in
            list[Int(next[cell])] = entry
            next[cell] += 1
        }
        firstEntry = FlatArray(counts)
        entries = FlatArray(list)
    }

    /// A longitude as the cells count it, where the map goes round: within half a turn of the map's middle.
    func unrolled(_ longitude: Double) -> Double {
        middle + Longitude.wrapped(longitude - middle, turn: E7Point.turn)
    }

    func deallocate() {
        firstEntry.deallocate()
        entries.deallocate()
    }

    /// Calls `body` for each entry of the cells that touch the box of `radius` metres around a
    /// point; an entry that crosses several cells comes several times.
    @inline(__always)
    func forEach(
        latitude: Double, longitude: Double, latitudeReach: Double, longitudeReach: Double,
        _ body: (Entry) -> Void
    ) {
        let top = (latitude + latitudeReach - Double(south)) / Double(cellHeight)
        let bottom = (latitude - latitudeReach - Double(south)) / Double(cellHeight)
        let left = (longitude - longitudeReach - Double(west)) / Double(cellWidth)
        let right = (longitude + longitudeReach - Double(west)) / Double(cellWidth)
        guard top >= 0, right >= 0, bottom < Double(rows), left < Double(columns) else { return }
        let lastRow = Int(min(top, Double(rows - 1)))
        let lastColumn = Int(min(right, Double(columns - 1)))
        var row = Int(max(0, bottom))
        while row <= lastRow {
            let base = row * columns
            let first = Int(firstEntry[base + Int(max(0, left))])
            let end = Int(firstEntry[base + lastColumn + 1])
            var index = first
            while index < end {
                body(entries[index])
                index += 1
            }
            row += 1
        }
    }
}

/// Where the cells lie, while the grid is being made.
private struct Layout {
    let south: Int64
    let west: Int64
    let cellHeight: Int64
    let cellWidth: Int64
    let columns: Int
    let rows: Int
    /// The middle of a map that goes round; nil for others.
    let middle: Double?

    func forEachPiece(
        _ segments: FlatArray<SegmentRecord>, _ shape: FlatArray<ShapePoint>,
        _ body: (Int, SegmentGrid.Entry) -> Void
    ) {
        for index in 0..<segments.count {
            let segment = segments[index]
            if segment.reverse >= 0, segment.reverse < Int32(index) { continue }
            let first = segment.firstPoint
            for point in first..<(first + max(1, segment.pointCount) - 1) {
                let entry = SegmentGrid.Entry(segment: Int32(index), point: point)
                forEachCell(shape[Int(point)].point, shape[Int(point) + 1].point) {
                    body($0, entry)
                }
            }
        }
    }

    /// The cells that a straight piece crosses.
    private func forEachCell(_ a: E7Point, _ b: E7Point, _ body: (Int) -> Void) {
        let (low, high) = a.latitude <= b.latitude ? (a, b) : (b, a)
        let (from, to) = (Double(low.longitude), Double(high.longitude))
        guard let middle else { return forEachCell(low, high, from, to, body) }
        let start = middle + Longitude.wrapped(from - middle, turn: E7Point.turn)
        let end = start + Longitude.wrapped(to - from, turn: E7Point.turn)
        forEachCell(low, high, start, end, body)
        // The piece that closes the circle round the earth is at both ends of its rows.
        if (end - middle).magnitude > E7Point.turn / 2 {
            let turn = end > middle ? E7Point.turn : -E7Point.turn
            forEachCell(low, high, start - turn, end - turn, body)
        }
    }

    /// The cells between two longitudes: per row, the columns between where the piece enters and where it leaves.
    private func forEachCell(
        _ low: E7Point, _ high: E7Point, _ start: Double, _ end: Double, _ body: (Int) -> Void
    ) {
        let y0 = Double(Int64(low.latitude) - south) / Double(cellHeight)
        let y1 = Double(Int64(high.latitude) - south) / Double(cellHeight)
        let x0 = (start - Double(west)) / Double(cellWidth)
        let x1 = (end - Double(west)) / Double(cellWidth)
        let firstRow = max(0, min(rows - 1, Int(y0)))
        let lastRow = max(0, min(rows - 1, Int(y1)))
        for row in firstRow...lastRow {
            var from = x0
            var to = x1
            if y1 > y0 {
                from = x0 + (x1 - x0) * max(0, (Double(row) - y0) / (y1 - y0))
                to = x0 + (x1 - x0) * min(1, (Double(row + 1) - y0) / (y1 - y0))
            }
            let left = max(0, min(columns - 1, Int(max(0, min(from, to)))))
            let right = max(0, min(columns - 1, Int(max(0, max(from, to)))))
            for column in left...right { body(row * columns + column) }
        }
    }
}
