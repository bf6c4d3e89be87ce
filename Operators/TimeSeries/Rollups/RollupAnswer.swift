/// The value of a range function from rollups, and how far it may be from that of raw samples.
public struct RollupAnswer: Sendable, Equatable {
    /// The value.
    public var value: Double
    /// The greatest distance from the value that the raw samples of the range would give; 0 but for
    /// rounding where the range begins and ends at edges of windows, infinite where nothing bounds
    /// it.
    public var error: Double

    /// Pairs a value with its error.
    public init(value: Double, error: Double) {
        self.value = value
        self.error = error
    }
}
