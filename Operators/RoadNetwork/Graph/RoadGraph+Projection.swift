package import Geo

extension RoadGraph {
    /// The place on a segment nearest to `point`, looked for between two offsets: metres from the
    /// segment's start and metres from the point.
    package func projection(
        of point: Coordinate, on segment: Int32, from: Double, to: Double
    ) -> (offset: Double, distance: Double) {
        let record = segments[segment]
        let plane = QueryPlane(around: point)
        let length = Double(record.length)
        let goesRound = grid.goesRound
        // The bounds as offsets of the stored points.
        let low = record.isReversed ? length - to : from
        let high = record.isReversed ? length - from : to
        var best = (offset: low, squared: Double.infinity)
        let first = Int(record.firstPoint)
        for index in first..<(first + max(1, Int(record.pointCount)) - 1) {
            let a = shape[index]
            let b = shape[index + 1]
            let start = Double(a.offset)
            let metres = Double(b.offset - a.offset)
            if start > high || start + metres < low { continue }
            let leg = plane.leg(a.point, b.point, goesRound: goesRound)
            var t = leg.nearest
            if metres > 0 {
                t = max((low - start) / metres, min((high - start) / metres, t))
            }
            let distance = leg.squaredDistance(at: t)
            if distance < best.squared { best = (start + metres * t, distance) }
        }
        let offset = max(from, min(to, record.isReversed ? length - best.offset : best.offset))
        return (offset, best.squared.squareRoot())
    }
}
