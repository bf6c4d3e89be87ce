/// Draws series together: `sum by (label) (expression)`.
public struct Aggregation: Sendable {
    /// How values are drawn together.
    public enum Operator: String, Sendable, CaseIterable {
        /// Each as its name in PromQL says.
        case sum, avg, count, min, max, group, stddev, stdvar, topk, bottomk, quantile, limitk
        /// How many series have each value.
        case countValues = "count_values"
        /// A share of the series, chosen by their labels.
        case limitRatio = "limit_ratio"

        /// Whether a parameter stands before the expression.
        public var takesParameter: Bool {
            switch self {
            case .topk, .bottomk, .quantile, .limitk, .countValues, .limitRatio: true
            default: false
            }
        }
    }

    /// How values are drawn together.
    public var op: Operator
    /// What is aggregated.
    public var expression: Expression
    /// The number, quantile, ratio or label's name, where the operator has one.
    public var parameter: Expression?
    /// The labels after `by` or `without`.
    public var grouping: [String]
    /// Whether the labels are those to leave out.
    public var isWithout: Bool
    /// Where it stands.
    public var range: SourceRange
}
