import Geo
import Records
import Testing

@Suite("Boxes and geohashes")
struct BoxTests {
    @Test(
        "known hashes",
        arguments: [
            (57.64911, 10.40744, "u4pruydqqvj"), (0, 0, "s0000"),
            (-25.382708, -49.265506, "6gkzwgjzn"),
            (90, 180, "zzzz"), (-90, -180, "0000"),
        ] as [(Double, Double, String)])
    func hashes(latitude: Double, longitude: Double, text: String) throws {
        let place = Coordinate(latitude: latitude, longitude: longitude)
        let hash = try #require(Geohash(place, length: text.count))
        #expect(hash.text == text)
        #expect(hash.bounds.contains(place))
        #expect(Geohash(text.uppercased()) == hash)
    }

    @Test("what is no hash is refused", arguments: ["", "ailo", "0123456789bcd", "u4pé"])
    func refused(text: String) {
        #expect(Geohash(text) == nil)
    }

    @Test("an invalid place has no hash")
    func invalidPlace() {
        #expect(Geohash(Coordinate(latitude: .nan, longitude: 0), length: 5) == nil)
    }

    @Test("eight neighbours surround a hash and touch it; at a pole and the antimeridian too")
    func neighbors() throws {
        let hash = try #require(Geohash("u4pru"))
        #expect(Set(hash.neighbors).count == 8)
        for neighbor in hash.neighbors {
            #expect(neighbor.bounds.expanded(byMeters: 1).intersects(hash.bounds))
            #expect(neighbor.neighbors.contains(hash))
        }
        #expect(try #require(Geohash("zzzz")).neighbors.count == 5)
    }

    @Test("an empty box contains and adds nothing")
    func empty() {
        let box = BoundingBox(south: 1, west: 2, north: 3, east: 4)
        #expect(BoundingBox.empty.isEmpty && BoundingBox.empty.width == 0)
        #expect(BoundingBox.empty.union(box) == box)
        #expect(!BoundingBox.empty.intersects(box))
        #expect(!BoundingBox.empty.contains(Coordinate(latitude: 0, longitude: 0)))
    }

    @Test("a box around places on both sides of the antimeridian is as narrow as they lie")
    func antimeridian() {
        let places = [179.9, -179.8, 179.95, -180, 180].map {
            Coordinate(latitude: 10, longitude: $0)
        }
        for order in [places, places.reversed(), Array(places.dropFirst()) + places] {
            let box = BoundingBox(containing: order)
            #expect(abs(box.west - 179.9) < 1e-9 && abs(box.east - 180.2) < 1e-9)
            #expect(abs(box.center.longitude + 179.95) < 1e-9)
            #expect(order.allSatisfy { box.contains($0) })
            #expect(!box.contains(Coordinate(latitude: 10, longitude: 0)))
            #expect(!box.contains(Coordinate(latitude: 10, longitude: -179.7)))
            let east = BoundingBox(south: 9, west: -179.9, north: 11, east: -179.5)
            #expect(box.intersects(east) && east.intersects(box))
            #expect(abs(box.union(east).east - 180.5) < 1e-9)
            #expect(!box.intersects(BoundingBox(south: 9, west: -170, north: 11, east: 170)))
            #expect(
                box == BoundingBox(southWest: order[0], northEast: order[0]).union(box))
        }
        // From corner to corner, and around everything there is.
        let corners = BoundingBox(southWest: places[0], northEast: places[1])
        #expect(abs(corners.east - 180.2) < 1e-9)
        let round = BoundingBox(
            containing: stride(from: -180.0, through: 180, by: 30).map {
                Coordinate(latitude: 0, longitude: $0)
            })
        #expect(round.east - round.west <= 360)
        #expect(round.contains(Coordinate(latitude: 0, longitude: -120)))
    }

    @Test("growing by metres grows by metres")
    func growing() {
        let box = BoundingBox(south: 50, west: 8, north: 50.1, east: 8.1)
        let grown = box.expanded(byMeters: 1_000)
        #expect(abs(grown.height - box.height - 2_000) < 0.1)
        #expect(grown.width - box.width >= 1_990 && grown.width - box.width < 2_020)
    }
}
