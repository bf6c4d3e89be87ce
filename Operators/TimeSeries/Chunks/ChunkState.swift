/// What a coder of a chunk remembers between two samples; the same on both sides.
struct ChunkState: Sendable, Equatable {
    var timestamp: Int64 = 0
    var delta: Int64 = 0
    var timeMean: UInt64 = 16
    var bits: UInt64 = 0
    /// The last decimal number's digits, as an integer.
    var digits: Int64 = 0
    var digitsMean: UInt64 = 64
    /// Decimal places, and whether the number is followed by a correction in its last bits.
    private(set) var places = 0
    /// Ten to the power of ``places``.
    private(set) var power = 1.0
    var isCorrected = false
    /// The window of bits that the last XOR filled.
    var leading = 64
    var length = 0

    /// The highest number of decimal places that is tried.
    static let placesLimit = 10
    /// Digits below this leave room between decimals of that many places, so that a number that
    /// has more digits is not taken for one that hasn't.
    static let digitsLimit = 0x1p46
    static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10,
    ]

    /// Sets the decimal places, without touching the digits.
    mutating func setPlaces(_ count: Int) {
        places = count
        power = ChunkState.powers[count]
    }

    /// The double nearest to `digits / 10^places`.
    @inline(__always)
    static func decimal(_ digits: Int64, _ power: Double) -> Double { Double(digits) / power }
}

extension ChunkState {
    /// Changes the decimal places, and the digits with them.
    mutating func scale(to newPlaces: Int) {
        for _ in stride(from: places, to: newPlaces, by: 1) { digits = digits &* 10 }
        for _ in stride(from: places, to: newPlaces, by: -1) { digits /= 10 }
        setPlaces(newPlaces)
    }
}
