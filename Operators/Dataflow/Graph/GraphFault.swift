public import Records

/// A mistake in a pipeline's definition.
public struct GraphFault: Hashable, Sendable, CustomStringConvertible {
    /// The operator at fault.
    public let operatorID: OperatorID
    /// What is wrong, and how to mend it.
    public let message: String
    /// Where the author named the operator: `File.swift:12`.
    public let location: String

    /// `File.swift:12: operator: message`, as a compiler would print it.
    public var description: String { "\(location): \(operatorID): \(message)" }
}

/// All mistakes of a definition at once.
public struct GraphFaults: Error, CustomStringConvertible {
    /// The mistakes, in the order of the definition.
    public let faults: [GraphFault]

    /// A line each.
    public var description: String { faults.map(\.description).joined(separator: "\n") }
}
