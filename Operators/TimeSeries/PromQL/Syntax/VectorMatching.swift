/// Which series of two vectors belong together.
public struct VectorMatching: Sendable {
    /// How many series of one side may match one of the other.
    public enum Cardinality: Sendable {
        /// One to one.
        case oneToOne
        /// `group_left`.
        case manyToOne
        /// `group_right`.
        case oneToMany
        /// The set operators.
        case manyToMany
    }

    /// How many match how many.
    public var cardinality: Cardinality = .oneToOne
    /// Whether ``labels`` are those to compare, not those to leave out.
    public var isOn = false
    /// The labels after `on` or `ignoring`.
    public var labels: [String] = []
    /// The labels that the "one" side lends to the result.
    public var include: [String] = []
}
