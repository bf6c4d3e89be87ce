/// The geohash of a place: a base-32 string whose prefixes name ever larger boxes around it
/// (Niemeyer 2008).
public struct Geohash: Hashable, Sendable {
    /// One to twelve characters of the geohash alphabet.
    public let text: String

    /// The longest hash: 12 characters, a box of about 4 by 2 centimetres.
    public static let maximumLength = 12

    private static let alphabet = Array("0123456789bcdefghjkmnpqrstuvwxyz".utf8)

    /// Reads a hash of one to twelve characters in either case; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let lowered = text.lowercased()
        guard (1...Geohash.maximumLength).contains(lowered.utf8.count),
            lowered.utf8.allSatisfy({ Geohash.alphabet.contains($0) })
        else { return nil }
        self.text = lowered
    }

    /// The hash of `length` characters (held to 1 to 12) whose box contains `coordinate`; nil for an
    /// invalid coordinate.
    public init?(_ coordinate: Coordinate, length: Int) {
        guard coordinate.isValid else { return nil }
        let length = max(1, min(Geohash.maximumLength, length))
        var latitudes = (-90.0, 90.0)
        var longitudes = (-180.0, 180.0)
        var characters: [UInt8] = []
        var digit = 0
        for bit in 0..<(5 * length) {
            digit <<= 1
            if bit % 2 == 0 {
                if Geohash.bisect(&longitudes, at: coordinate.longitude) { digit |= 1 }
            } else {
                if Geohash.bisect(&latitudes, at: coordinate.latitude) { digit |= 1 }
            }
            if bit % 5 == 4 {
                characters.append(Geohash.alphabet[digit])
                digit = 0
            }
        }
        text = String(decoding: characters, as: UTF8.self)
    }

    /// The box of all places with this hash.
    public var bounds: BoundingBox {
        var latitudes = (-90.0, 90.0)
        var longitudes = (-180.0, 180.0)
        var even = true
        for character in text.utf8 {
            let digit = Geohash.alphabet.firstIndex(of: character) ?? 0
            for shift in stride(from: 4, through: 0, by: -1) {
                let upper = digit >> shift & 1 == 1
                if even {
                    Geohash.halve(&longitudes, upper: upper)
                } else {
                    Geohash.halve(&latitudes, upper: upper)
                }
                even.toggle()
            }
        }
        return BoundingBox(
            south: latitudes.0, west: longitudes.0, north: latitudes.1, east: longitudes.1)
    }

    /// The hashes of the same length around this one, from the north-west row by row; fewer than
    /// eight at the poles.
    ///
    /// Longitudes wrap around.
    public var neighbors: [Geohash] {
        let box = bounds
        let height = box.north - box.south
        let width = box.east - box.west
        var result: [Geohash] = []
        for row in [1.0, 0, -1] {
            for column in [-1.0, 0, 1] where row != 0 || column != 0 {
                var longitude = box.center.longitude + column * width
                if longitude > 180 { longitude -= 360 }
                if longitude < -180 { longitude += 360 }
                let place = Coordinate(
                    latitude: box.center.latitude + row * height, longitude: longitude)
                if let hash = Geohash(place, length: text.utf8.count) { result.append(hash) }
            }
        }
        return result
    }

    private static func bisect(_ range: inout (Double, Double), at value: Double) -> Bool {
        let upper = value >= (range.0 + range.1) / 2
        halve(&range, upper: upper)
        return upper
    }

    private static func halve(_ range: inout (Double, Double), upper: Bool) {
        let middle = (range.0 + range.1) / 2
        if upper { range.0 = middle } else { range.1 = middle }
    }
}

extension Geohash: CustomStringConvertible {
    /// The hash itself.
    public var description: String { text }
}
