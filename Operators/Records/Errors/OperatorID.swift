/// The name of an operator in its graph: it names the operator's metrics, logs, state and dead
/// letters too, so it is chosen by the author and never derived from a position.
public struct OperatorID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The name: 1 to 128 characters of `a-z`, `0-9`, `.`, `-`.
    public let rawValue: String

    /// The longest name that is taken: it becomes part of a topic's name, of which Kafka allows 249.
    public static let maximumLength = 128

    /// Takes the name if it is well formed.
    public init?(_ rawValue: String) {
        guard OperatorID.isWellFormed(rawValue) else { return nil }
        self.rawValue = rawValue
    }

    /// Takes the name as it is, for a graph that reports malformed names together with its other faults.
    package init(unchecked rawValue: String) {
        self.rawValue = rawValue
    }

    /// The name of a part of this operator: `speed` has the part `speed.window`.
    public func part(_ name: String) -> OperatorID {
        OperatorID(unchecked: "\(rawValue).\(name)")
    }

    /// Whether a text can be an operator's name.
    public static func isWellFormed(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= maximumLength else { return false }
        return text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
        }
    }

    public static func < (a: OperatorID, b: OperatorID) -> Bool { a.rawValue < b.rawValue }

    /// The name.
    public var description: String { rawValue }
}
