import Geo
import Records
import Testing

@Suite("Polylines")
struct PolylineTests {
    private static let corner = Polyline([
        Coordinate(latitude: 50, longitude: 8), Coordinate(latitude: 50.001, longitude: 8),
        Coordinate(latitude: 50.001, longitude: 8.002),
    ])

    @Test("a place projects onto the nearest leg")
    func projection() throws {
        let line = PolylineTests.corner
        let place = Coordinate(latitude: 50.0011, longitude: 8.001)
        let nearest = try #require(line.projection(of: place))
        #expect(nearest.leg == 1)
        #expect(abs(nearest.distance - 11.12) < 0.01)
        #expect(abs(nearest.coordinate.longitude - 8.001) < 1e-7)
        let leg = line.coordinates[1].distance(to: line.coordinates[2])
        #expect(abs(nearest.offset - (111.195 + leg / 2)) < 0.05)
    }

    @Test("no point of the line is nearer than the projection")
    func nearest() throws {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<50 {
            let line = Polyline(
                (0..<6).map { _ in
                    Coordinate(
                        latitude: 50 + random.unit() * 0.01, longitude: 8 + random.unit() * 0.01)
                })
            let place = Coordinate(
                latitude: 50 + random.unit() * 0.01, longitude: 8 + random.unit() * 0.01)
            let projection = try #require(line.projection(of: place))
            let length = line.length
            for step in 0...400 {
                let point = try #require(line.point(atOffset: length * Double(step) / 400))
                #expect(place.distance(to: point) >= projection.distance - 0.05)
            }
            let point = try #require(line.point(atOffset: projection.offset))
            #expect(point.distance(to: projection.coordinate) < 0.5)
        }
    }

    @Test("ends hold offsets outside the line, and an empty line has no point")
    func ends() {
        let line = PolylineTests.corner
        #expect(line.point(atOffset: -5) == line.coordinates.first)
        #expect(line.point(atOffset: 1e9) == line.coordinates.last)
        #expect(Polyline([]).point(atOffset: 0) == nil)
        #expect(Polyline([]).projection(of: Coordinate(latitude: 0, longitude: 0)) == nil)
        #expect(Polyline([]).length == 0)
    }

    @Test("simplifying keeps within the tolerance, and the ends")
    func simplification() throws {
        var random = SeededGenerator(seed: 4)
        let line = Polyline(
            (0..<400).map { step in
                Coordinate(
                    latitude: 50 + Double(step) * 1e-5 + random.unit() * 2e-5,
                    longitude: 8 + Double(step) * 2e-5)
            })
        let simple = line.simplified(tolerance: 3)
        #expect(simple.coordinates.count < 200)
        #expect(simple.coordinates.first == line.coordinates.first)
        #expect(simple.coordinates.last == line.coordinates.last)
        for point in line.coordinates {
            let projection = try #require(simple.projection(of: point))
            #expect(projection.distance <= 3.01)
        }
        #expect(line.simplified(tolerance: 0).coordinates.count > 390)
    }
}
