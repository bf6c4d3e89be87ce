/// Bounds on what is read from outside.
public struct WireLimits: Sendable {
    /// The length of a line of text in bytes.
    public var lineLength = 1 << 20
    /// How many samples one page or request may bring.
    public var samples = 10_000_000
    /// How many labels a series may have.
    public var labels = 256
    /// The size of a body after decompression, in bytes.
    public var bodyLength = 64 << 20

    /// The defaults.
    public init() {}
}
