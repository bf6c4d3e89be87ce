/// A deterministic random number generator: the same seed gives the same numbers on every machine.
///
/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
/// Everything random in Millrace is drawn from one of these, so that a run can be repeated.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    @usableFromInline var state: UInt64

    /// Makes a generator whose numbers are a function of `seed` alone.
    @inlinable
    public init(seed: UInt64) {
        state = seed
    }

    /// The next 64 bits.
    @inlinable
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return SeededGenerator.mix(state)
    }

    /// The generator for an independent sub-stream, named by a number.
    @inlinable
    public func split(_ stream: UInt64) -> SeededGenerator {
        SeededGenerator(seed: SeededGenerator.mix(state ^ SeededGenerator.mix(stream &+ 1)))
    }

    /// The 64-bit finaliser of SplitMix64: a cheap bijection that scatters neighbouring inputs.
    @inlinable
    public static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number in `0 ..< 1`, with 53 random bits.
    @inlinable
    public mutating func unit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }
}
