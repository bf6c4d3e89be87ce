/// One evaluation of a promqltest file and what it must yield.
public struct PromQLTestCase: Sendable {
    /// What a message must be like.
    public enum Condition: Sendable {
        /// Any message will do.
        case any
        /// Exactly this.
        case message(String)
        /// A match of this expression anywhere.
        case pattern(String)

        func holds(_ text: String) -> Bool {
            switch self {
            case .any: true
            case .message(let message): text == message
            case .pattern(let pattern):
                (try? RegularExpression(pattern))?.matches(text) ?? false
            }
        }
    }

    /// The values that must come out.
    public enum Expectation: Sendable {
        /// Series with their values, perhaps none.
        case series
        /// A number.
        case scalar(Double)
        /// A text.
        case string(String)
    }

    /// The line of the command, from 1.
    public let line: Int
    /// PromQL.
    public var query = ""
    /// Whether it is evaluated at every step, not at one time.
    public var isRange = false
    /// The first step, in milliseconds.
    public var start: Int64 = 0
    /// The last step.
    public var end: Int64 = 0
    /// The distance of the steps.
    public var step: Int64 = 0
    /// The values that must come out.
    public var expected = Expectation.series
    /// The series that must come out, in order.
    public private(set) var series: [SeriesDescription] = []
    /// Where the points of a raw range lie, for an instant query that yields one.
    public var pointGrid: (start: Int64, end: Int64, step: Int64)?

    var isOrdered = false
    var mustFail = false
    var mustWarn = false
    var mustInform = false
    var failure = Condition.any
    var warnings: [Condition] = []
    var infos: [Condition] = []
    var mustNotWarn = false
    var mustNotInform = false

    init(line: Int) {
        self.line = line
    }

    mutating func add(_ description: SeriesDescription) { series.append(description) }

    /// Reads what stands behind `expect`: `warn`, `no_info`, `fail msg: …`, `ordered`.
    mutating func expect(
        _ text: String, _ failure: (String) -> PromQLTestFile.Failure
    ) throws(PromQLTestFile.Failure) {
        let kind = text.prefix { !$0.isWhitespace }
        let rest = PromQLTestFile.trimmed(text.dropFirst(kind.count))
        let condition: Condition
        if rest.isEmpty {
            condition = .any
        } else if rest.hasPrefix("msg:") {
            condition = .message(PromQLTestFile.trimmed(rest.dropFirst(4)))
        } else if rest.hasPrefix("regex:") {
            condition = .pattern(PromQLTestFile.trimmed(rest.dropFirst(6)))
        } else {
            throw failure("invalid expect statement")
        }
        switch kind {
        case "ordered": isOrdered = true
        case "fail":
            mustFail = true
            self.failure = condition
        case "warn": warnings.append(condition)
        case "info": infos.append(condition)
        case "no_warn": mustNotWarn = true
        case "no_info": mustNotInform = true
        default: throw failure("invalid expected error/annotation type \(kind)")
        }
    }
}
