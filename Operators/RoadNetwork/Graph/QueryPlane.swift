internal import Foundation
internal import Geo

/// The plane around a place that roads are measured from: metres east and north of it, with the cosine taken there.
struct QueryPlane {
    private let latitude: Double
    private let longitude: Double
    /// Metres of a ten-millionth of a degree, northwards and eastwards.
    let unit: Double
    let xUnit: Double

    /// The plane around `point`.
    init(around point: Coordinate) {
        unit = metersPerDegree * 1e-7
        xUnit = unit * max(0.001, cos(point.latitude * .pi / 180))
        latitude = point.latitude * 1e7
        longitude = point.longitude * 1e7
    }

    /// A straight piece of road, seen from the place.
    struct Leg {
        /// Where it begins.
        let ax: Double
        let ay: Double
        /// How far it goes.
        let dx: Double
        let dy: Double
        /// Its length, squared.
        let squared: Double

        /// Where on it, from 0 to 1, it is nearest to the place.
        @inline(__always)
        var nearest: Double {
            squared > 0 ? max(0, min(1, -(ax * dx + ay * dy) / squared)) : 0
        }

        /// The squared distance from the place to where `share` of it is behind.
        @inline(__always)
        func squaredDistance(at share: Double) -> Double {
            let px = ax + dx * share
            let py = ay + dy * share
            return px * px + py * py
        }
    }

    /// The piece between two points.
    ///
    /// - Parameter goesRound: whether longitudes are to be compared the shorter way round; see
    ///   ``SegmentGrid/goesRound``.
    @inline(__always)
    func leg(_ a: E7Point, _ b: E7Point, goesRound: Bool) -> Leg {
        var east = Double(a.longitude) - longitude
        var width = Double(b.longitude) - longitude - east
        if goesRound {
            east = Longitude.wrapped(east, turn: E7Point.turn)
            width = Longitude.wrapped(width, turn: E7Point.turn)
        }
        let ay = (Double(a.latitude) - latitude) * unit
        let dx = width * xUnit
        let dy = (Double(b.latitude) - latitude) * unit - ay
        return Leg(ax: east * xUnit, ay: ay, dx: dx, dy: dy, squared: dx * dx + dy * dy)
    }
}
