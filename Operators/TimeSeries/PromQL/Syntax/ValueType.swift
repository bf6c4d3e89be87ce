/// What an expression yields.
public enum ValueType: String, Sendable {
    /// One number a step.
    case scalar
    /// A text.
    case string
    /// At most one value a series and step.
    case vector
    /// A stretch of samples a series.
    case matrix

    /// The name that the documentation uses.
    public var documented: String {
        switch self {
        case .scalar: "scalar"
        case .string: "string"
        case .vector: "instant vector"
        case .matrix: "range vector"
        }
    }
}
