import Geo
import Records
import Testing

@Suite("Coordinates")
struct CoordinateTests {
    @Test("a degree of latitude is a 360th of the circumference")
    func meridian() {
        let a = Coordinate(latitude: 10, longitude: 20)
        let b = Coordinate(latitude: 11, longitude: 20)
        #expect(abs(a.distance(to: b) - 111_195.08) < 0.1)
        #expect(a.bearing(to: b) == 0)
        #expect(abs(b.bearing(to: a) - 180) < 1e-9)
    }

    @Test(
        "known distances",
        arguments: [
            // Antipodes; Paris to London as great circles give it; one metre.
            (
                Coordinate(latitude: 0, longitude: 0), Coordinate(latitude: 0, longitude: 180),
                20_015_114.4, 1.0
            ),
            (
                Coordinate(latitude: 48.8566, longitude: 2.3522),
                Coordinate(latitude: 51.5074, longitude: -0.1278), 343_556, 60
            ),
            (
                Coordinate(latitude: 50, longitude: 8),
                Coordinate(latitude: 50, longitude: 8.00001399), 1.0, 0.001
            ),
        ])
    func distances(a: Coordinate, b: Coordinate, meters: Double, tolerance: Double) {
        #expect(abs(a.distance(to: b) - meters) < tolerance)
        #expect(a.distance(to: b) == b.distance(to: a))
    }

    @Test("a destination lies where it was sent")
    func destinations() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<500 {
            let start = Coordinate(
                latitude: random.unit() * 160 - 80, longitude: random.unit() * 360 - 180)
            let bearing = random.unit() * 360
            let distance = random.unit() * 50_000 + 1
            let end = start.destination(bearing: bearing, distance: distance)
            #expect(end.isValid)
            #expect(abs(start.distance(to: end) - distance) < 1e-3)
            #expect(Bearing.difference(start.bearing(to: end), bearing) < 1e-4)
        }
    }

    @Test(
        "what is no place is not valid",
        arguments: [
            (91, 0), (-91, 0), (0, 181), (0, -181), (Double.nan, 0), (0, .nan), (.infinity, 0),
        ] as [(Double, Double)])
    func invalid(latitude: Double, longitude: Double) {
        #expect(!Coordinate(latitude: latitude, longitude: longitude).isValid)
    }

    @Test("a coordinate survives its codec")
    func codec() throws {
        let place = Coordinate(latitude: -12.3456789, longitude: 179.9999999)
        #expect(try Coordinate(decoding: place.encoded) == place)
    }

    @Test("a line and a plane cross the antimeridian by the shorter way")
    func antimeridian() throws {
        let west = Coordinate(latitude: -17, longitude: 179.999)
        let east = Coordinate(latitude: -17, longitude: -179.997)
        #expect(abs(west.interpolated(to: east, fraction: 0.75).longitude + 179.998) < 1e-9)
        #expect(abs(east.interpolated(to: west, fraction: 0.75).longitude - 180) < 1e-9)
        let plane = LocalProjection(origin: west)
        let point = plane.project(east)
        #expect(abs(point.x - west.distance(to: east)) < 0.1)
        #expect(abs(plane.unproject(point).longitude - east.longitude) < 1e-9)
        let line = Polyline([west, east])
        let place = Coordinate(latitude: -17.0001, longitude: -179.998)
        let nearest = try #require(line.projection(of: place))
        #expect(abs(nearest.offset - 0.75 * line.length) < 0.5)
        #expect(nearest.coordinate.isValid)
        #expect(abs(nearest.coordinate.longitude + 179.998) < 1e-6)
    }

    @Test("the local plane agrees with the great circle to a thousandth within 10 km")
    func plane() {
        var random = SeededGenerator(seed: 8)
        for _ in 0..<500 {
            let origin = Coordinate(
                latitude: random.unit() * 120 - 60, longitude: random.unit() * 340 - 170)
            let plane = LocalProjection(origin: origin)
            let place = origin.destination(
                bearing: random.unit() * 360, distance: random.unit() * 10_000)
            let point = plane.project(place)
            let straight = point.distance(to: PlanarPoint(x: 0, y: 0))
            let great = origin.distance(to: place)
            #expect(abs(straight - great) <= 0.0015 * great + 1e-6)
            #expect(plane.unproject(point).distance(to: place) < 1e-6)
        }
    }

    @Test(
        "directions differ by the smaller angle",
        arguments: [
            (0, 0, 0), (350, 10, 20), (10, 350, 20), (0, 180, 180), (-90, 270, 0), (90, 300, 150),
        ] as [(Double, Double, Double)])
    func bearings(a: Double, b: Double, difference: Double) {
        #expect(abs(Bearing.difference(a, b) - difference) < 1e-9)
    }
}
