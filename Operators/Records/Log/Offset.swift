/// The place of a record in its partition: 0, 1, 2, … with holes where a transaction's markers lie.
public struct Offset: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number that the log gave the record.
    public let rawValue: Int64

    /// Makes an offset from the log's number.
    @inlinable
    public init(rawValue: Int64) { self.rawValue = rawValue }

    /// Makes an offset from the log's number.
    @inlinable
    public init(_ rawValue: Int64) { self.rawValue = rawValue }

    /// The offset just behind this one: where reading goes on.
    @inlinable
    public var next: Offset { Offset(rawValue + 1) }

    @inlinable
    public static func < (a: Offset, b: Offset) -> Bool { a.rawValue < b.rawValue }

    /// The number.
    public var description: String { String(rawValue) }
}
