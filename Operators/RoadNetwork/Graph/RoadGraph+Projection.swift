internal import Foundation
package import Geo

extension RoadGraph {
    /// The place on a segment nearest to `point`, looked for between two offsets: metres from the
    /// segment's start and metres from the point.
    package func projection(
        of point: Coordinate, on segment: Int32, from: Double, to: Double
    ) -> (offset: Double, distance: Double) {
        let record = segments[segment]
        let unit = metersPerDegree * 1e-7
        let xUnit = unit * max(0.001, cos(point.latitude * .pi / 180))
        let latitude = point.latitude * 1e7
        let longitude = point.longitude * 1e7
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
            let leg = Double(b.offset - a.offset)
            if start > high || start + leg < low { continue }
            var east = Double(a.point.longitude) - longitude
            var width = Double(b.point.longitude) - longitude - east
            if goesRound {
                east = Longitude.wrapped(east, turn: E7Point.turn)
                width = Longitude.wrapped(width, turn: E7Point.turn)
            }
            let ax = east * xUnit
            let ay = (Double(a.point.latitude) - latitude) * unit
            let dx = width * xUnit
            let dy = (Double(b.point.latitude) - latitude) * unit - ay
            let squared = dx * dx + dy * dy
            var t = squared > 0 ? max(0, min(1, -(ax * dx + ay * dy) / squared)) : 0
            if leg > 0 {
                t = max((low - start) / leg, min((high - start) / leg, t))
            }
            let px = ax + dx * t
            let py = ay + dy * t
            let distance = px * px + py * py
            if distance < best.squared { best = (start + leg * t, distance) }
        }
        let offset = max(from, min(to, record.isReversed ? length - best.offset : best.offset))
        return (offset, best.squared.squareRoot())
    }
}
