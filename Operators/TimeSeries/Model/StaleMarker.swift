/// The NaN by which Prometheus marks that a series has no value from here on.
public enum StaleMarker {
    /// The bits of the marker, a signalling NaN that no calculation yields.
    public static let bits: UInt64 = 0x7FF0_0000_0000_0002
    /// The bits of the NaN that means "not a number" and nothing else.
    public static let normalNaNBits: UInt64 = 0x7FF8_0000_0000_0001
    /// The marker as a sample's value.
    public static let value = Double(bitPattern: bits)
    /// The ordinary NaN.
    public static let normalNaN = Double(bitPattern: normalNaNBits)

    /// Whether a value is the marker.
    @inlinable
    public static func isStale(_ value: Double) -> Bool { value.bitPattern == bits }
}
