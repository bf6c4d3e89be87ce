/// Combines two expressions: `left + on(label) right`.
public struct BinaryOperation: Sendable {
    /// What is done.
    public enum Operator: String, Sendable {
        /// The sum.
        case add = "+"
        /// The difference.
        case subtract = "-"
        /// The product.
        case multiply = "*"
        /// The quotient, by the rules of floating point.
        case divide = "/"
        /// The remainder, with the sign of the dividend.
        case modulo = "%"
        /// The power; it binds to the right.
        case power = "^"
        /// The angle of a point, in radians.
        case atan2
        /// Whether values are equal.
        case equal = "=="
        /// Whether values differ.
        case notEqual = "!="
        /// Whether the left value is the lesser.
        case less = "<"
        /// Whether the left value is not the greater.
        case lessOrEqual = "<="
        /// Whether the left value is the greater.
        case greater = ">"
        /// Whether the left value is not the lesser.
        case greaterOrEqual = ">="
        /// Sets of series: those of both sides, of either, of the left alone.
        case and, or, unless

        /// Whether it compares values.
        public var isComparison: Bool {
            switch self {
            case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
            default: false
            }
        }

        /// Whether it combines sets of series.
        public var isSetOperator: Bool { self == .and || self == .or || self == .unless }

        /// How tightly it binds, `or` least.
        var precedence: Int {
            switch self {
            case .or: 1
            case .and, .unless: 2
            case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: 3
            case .add, .subtract: 4
            case .multiply, .divide, .modulo, .atan2: 5
            case .power: 6
            }
        }
    }

    /// What is done.
    public var op: Operator
    /// The first operand.
    public var left: Expression
    /// The second operand.
    public var right: Expression
    /// Whether a comparison yields 0 or 1 instead of filtering.
    public var returnsBool: Bool
    /// Which series belong together, where both sides are vectors.
    public var matching: VectorMatching?
    /// Where the operator stands.
    public var operatorRange: SourceRange
}
