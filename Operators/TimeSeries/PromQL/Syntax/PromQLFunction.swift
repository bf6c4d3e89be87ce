/// A function's name and types.
public struct PromQLFunction: Sendable {
    /// The name by which it is called.
    public let name: String
    /// The types of its arguments; the last one may be repeated or left out, by ``variadic``.
    public let arguments: [ValueType]
    /// How often the last argument may be given.
    ///
    /// 0: every argument must be there. *n*: the last may be left out or given up to *n* times. -1:
    /// any number of times.
    public let variadic: Int
    /// What the function yields.
    public let result: ValueType
    /// Whether Prometheus 3.5 hides it behind a feature flag.
    public let isExperimental: Bool

    private init(
        _ name: String, _ arguments: [ValueType], variadic: Int = 0, result: ValueType = .vector,
        experimental: Bool = false
    ) {
        self.name = name
        self.arguments = arguments
        self.variadic = variadic
        self.result = result
        isExperimental = experimental
    }

    /// The function of a name.
    public static func named(_ name: String) -> PromQLFunction? { table[name] }

    /// Every function, by name.
    public static var all: [PromQLFunction] { table.values.sorted { $0.name < $1.name } }

    /// The functions that only native histograms give a meaning to: they are known to the parser
    /// and, as in Prometheus for samples that are numbers, yield nothing.
    public static let nativeHistogramOnly: Set<String> = [
        "histogram_avg", "histogram_count", "histogram_stddev", "histogram_stdvar", "histogram_sum",
    ]

    private static let table: [String: PromQLFunction] = {
        var functions: [PromQLFunction] = []
        let elementwise = [
            "abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "deg",
            "exp", "floor", "ln", "log10", "log2", "rad", "sgn", "sin", "sinh", "sqrt", "tan",
            "tanh", "absent", "sort", "sort_desc", "timestamp", "histogram_avg", "histogram_count",
            "histogram_stddev", "histogram_stdvar", "histogram_sum",
        ]
        functions += elementwise.map { PromQLFunction($0, [.vector]) }
        let overRange = [
            "absent_over_time", "avg_over_time", "changes", "count_over_time", "delta", "deriv",
            "idelta", "increase", "irate", "last_over_time", "max_over_time", "min_over_time",
            "present_over_time", "rate", "resets", "stddev_over_time", "stdvar_over_time",
            "sum_over_time",
        ]
        functions += overRange.map { PromQLFunction($0, [.matrix]) }
        let experimentalOverRange = [
            "mad_over_time", "ts_of_last_over_time", "ts_of_max_over_time", "ts_of_min_over_time",
            "first_over_time", "ts_of_first_over_time",
        ]
        functions += experimentalOverRange.map {
            PromQLFunction($0, [.matrix], experimental: true)
        }
        let dates = [
            "day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute",
            "month", "year",
        ]
        functions += dates.map { PromQLFunction($0, [.vector], variadic: 1) }
        functions += [
            PromQLFunction("clamp", [.vector, .scalar, .scalar]),
            PromQLFunction("clamp_max", [.vector, .scalar]),
            PromQLFunction("clamp_min", [.vector, .scalar]),
            PromQLFunction(
                "double_exponential_smoothing", [.matrix, .scalar, .scalar], experimental: true),
            PromQLFunction("histogram_fraction", [.scalar, .scalar, .vector]),
            PromQLFunction("histogram_quantile", [.scalar, .vector]),
            PromQLFunction("info", [.vector, .vector], variadic: 1, experimental: true),
            PromQLFunction(
                "label_join", [.vector, .string, .string, .string], variadic: -1),
            PromQLFunction("label_replace", [.vector, .string, .string, .string, .string]),
            PromQLFunction("pi", [], result: .scalar),
            PromQLFunction("predict_linear", [.matrix, .scalar]),
            PromQLFunction("quantile_over_time", [.scalar, .matrix]),
            PromQLFunction("round", [.vector, .scalar], variadic: 1),
            PromQLFunction("scalar", [.vector], result: .scalar),
            PromQLFunction("sort_by_label", [.vector, .string], variadic: -1, experimental: true),
            PromQLFunction(
                "sort_by_label_desc", [.vector, .string], variadic: -1, experimental: true),
            PromQLFunction("time", [], result: .scalar),
            PromQLFunction("vector", [.scalar]),
        ]
        return Dictionary(functions.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }()
}
