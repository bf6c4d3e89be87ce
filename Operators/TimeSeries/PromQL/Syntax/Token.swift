/// A word of PromQL with its place.
struct Token: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case end
        case identifier
        case metricIdentifier
        case string
        case number
        case duration
        case symbol
        case op
        case aggregator
        case keyword
        case preprocessor
    }

    let kind: Kind
    /// The text as it stands, for a string with its quotes.
    let text: String
    let range: SourceRange

    /// The text in lower case, by which keywords and operators are compared.
    var word: String { text.lowercased() }

    func isSymbol(_ symbol: String) -> Bool {
        (kind == .symbol || kind == .op) && text == symbol
    }

    func isKeyword(_ keyword: String) -> Bool {
        (kind == .keyword || kind == .preprocessor) && word == keyword
    }

    /// How an error speaks of the token.
    var phrase: String {
        switch kind {
        case .end: "end of input"
        case .identifier: "identifier \(PromQLText.quoted(text))"
        case .metricIdentifier: "metric identifier \(PromQLText.quoted(text))"
        case .string: "string \(shortened)"
        case .number: "number \(shortened)"
        case .duration: "duration \(shortened)"
        case .symbol: PromQLText.quoted(text)
        case .op: "<op:\(text)>"
        case .aggregator: "<aggr:\(text)>"
        case .keyword, .preprocessor: "<\(text)>"
        }
    }

    private var shortened: String {
        text.count > 10
            ? PromQLText.quoted(String(text.prefix(10))) + "..." : PromQLText.quoted(text)
    }

    static let aggregators: Set<String> = [
        "sum", "avg", "count", "min", "max", "group", "stddev", "stdvar", "topk", "bottomk",
        "count_values", "quantile", "limitk", "limit_ratio",
    ]
    static let wordOperators: Set<String> = ["and", "or", "unless", "atan2"]
    static let keywords: Set<String> = [
        "offset", "by", "without", "on", "ignoring", "group_left", "group_right", "bool",
    ]
    static let preprocessors: Set<String> = ["start", "end", "step"]
}
