/// Combines two expressions: `left + on(label) right`.
public struct BinaryOperation: Sendable {
    /// What is done.
    public enum Operator: String, Sendable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case modulo = "%"
        case power = "^"
        case atan2
        case equal = "=="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
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
