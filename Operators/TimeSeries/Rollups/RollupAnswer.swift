/// The value of a range function from rollups, and how far it may be from that of raw samples.
public struct RollupAnswer: Sendable, Equatable {
    /// The value.
    public var value: Double
    /// The greatest distance from the value that the raw samples of the range would give, but for
    /// rounding; 0 where no window has samples both inside and outside of the range, infinite where
    /// nothing bounds it.
    public var error: Double

    /// Pairs a value with its error.
    public init(value: Double, error: Double) {
        self.value = value
        self.error = error
    }
}
