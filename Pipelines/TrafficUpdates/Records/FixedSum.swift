public import Records

/// A sum of amounts in millionths: whole numbers, so that it is the same in whatever order they are added.
///
/// What was added is taken back by its negative. What doesn't fit counts as the largest number there is.
public struct FixedSum: Hashable, Sendable, BinaryCodable {
    private var millionths: Int64 = 0
    private static let unit = 1_000_000.0

    /// Nothing.
    public init() {}

    /// The sum.
    public var value: Double { Double(millionths) / FixedSum.unit }

    /// Adds an amount, rounded to a millionth.
    public static func += (sum: inout FixedSum, amount: Double) {
        let scaled = (amount * unit).rounded()
        let whole = Int64(exactly: scaled) ?? (scaled > 0 ? .max : scaled < 0 ? .min : 0)
        sum.add(whole)
    }

    /// Adds another sum.
    public static func += (sum: inout FixedSum, other: FixedSum) { sum.add(other.millionths) }

    /// Makes the sum count for a share of what it did, rounded to a millionth.
    public mutating func fade(to share: Double) {
        millionths = Int64(exactly: (Double(millionths) * share).rounded()) ?? millionths
    }

    private mutating func add(_ other: Int64) {
        let (result, overflow) = millionths.addingReportingOverflow(other)
        millionths = overflow ? (other > 0 ? .max : .min) : result
    }

    /// Reads a sum.
    public init(from reader: inout ByteReader) throws(CodecError) {
        millionths = try reader.integer()
    }

    /// Writes the sum.
    public func encode(into writer: inout ByteWriter) { writer.integer(millionths) }

    /// Reads what ``encodeCompact(into:)`` wrote.
    init(compact reader: inout ByteReader) throws(CodecError) { millionths = try reader.zigzag() }

    /// Writes the sum in fewer bytes the smaller it is.
    func encodeCompact(into writer: inout ByteWriter) { writer.zigzag(millionths) }
}
