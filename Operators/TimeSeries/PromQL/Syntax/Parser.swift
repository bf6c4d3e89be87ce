/// Reads tokens into a tree by precedence climbing.
struct Parser {
    let query: String
    let options: ParserOptions
    private let tokens: [Token]
    private var position = 0
    private var depth = 0
    /// How deep the tree is that was read last.
    var height = 0
    /// How many operators the duration that is being read has.
    var durationOperators = 0
    /// The end of the last token that was consumed.
    private(set) var lastEnd = 0

    init(_ query: String, options: ParserOptions) throws(PromQLSyntaxError) {
        self.query = query
        self.options = options
        guard query.utf8.count <= options.lengthLimit else {
            throw PromQLSyntaxError(
                "expression longer than \(options.lengthLimit) bytes", SourceRange(0, 0), in: "")
        }
        tokens = try Lexer.tokens(of: query)
    }

    var current: Token { tokens[position] }

    func token(ahead count: Int) -> Token { tokens[min(position + count, tokens.count - 1)] }

    @discardableResult
    mutating func advance() -> Token {
        let token = tokens[position]
        lastEnd = token.range.end
        if position + 1 < tokens.count { position += 1 }
        return token
    }

    mutating func accept(_ symbol: String) -> Bool {
        guard current.isSymbol(symbol) else { return false }
        advance()
        return true
    }

    func failure(_ message: String, _ range: SourceRange? = nil) -> PromQLSyntaxError {
        PromQLSyntaxError(message, range ?? current.range, in: query)
    }

    func unexpected(_ context: String = "", expected: String = "") -> PromQLSyntaxError {
        var message = "unexpected \(current.phrase)"
        if !context.isEmpty { message += " in \(context)" }
        if !expected.isEmpty { message += ", expected \(expected)" }
        return failure(message)
    }

    mutating func nested<T>(
        _ body: (inout Parser) throws(PromQLSyntaxError) -> T
    ) throws(PromQLSyntaxError) -> T {
        depth += 1
        defer { depth -= 1 }
        guard depth <= options.nestingLimit else {
            throw failure("expression nests deeper than \(options.nestingLimit)")
        }
        return try body(&self)
    }

    mutating func parse() throws(PromQLSyntaxError) -> Expression {
        guard current.kind != .end else {
            throw failure("no expression found in input")
        }
        let expression = try binary(minimum: 1)
        guard current.kind == .end else { throw unexpected() }
        var checker = TypeChecker(query: query, options: options)
        return try checker.check(expression)
    }

    mutating func binary(minimum: Int) throws(PromQLSyntaxError) -> Expression {
        try nested { (parser) throws(PromQLSyntaxError) in
            var left = try parser.unary()
            var height = parser.height
            while let op = parser.binaryOperator(), op.precedence >= minimum {
                let operatorRange = parser.advance().range
                var operation = BinaryOperation(
                    op: op, left: left, right: left, returnsBool: false,
                    matching: VectorMatching(), operatorRange: operatorRange)
                try parser.modifiers(of: &operation)
                // `^` binds to the right, everything else to the left.
                operation.right = try parser.binary(
                    minimum: op == .power ? op.precedence : op.precedence + 1)
                // A chain of operators makes the tree as deep as it is long.
                height = max(height, parser.height) + 1
                guard height <= parser.options.heightLimit else {
                    throw parser.failure("expression has too many operators", operatorRange)
                }
                left = .binary(operation)
            }
            parser.height = height
            return left
        }
    }

    private func binaryOperator() -> BinaryOperation.Operator? {
        guard current.kind == .op else { return nil }
        return BinaryOperation.Operator(rawValue: current.word)
    }

    private mutating func modifiers(
        of operation: inout BinaryOperation
    ) throws(PromQLSyntaxError) {
        var matching = VectorMatching()
        if current.isKeyword("bool") {
            advance()
            operation.returnsBool = true
        }
        if current.isKeyword("on") || current.isKeyword("ignoring") {
            matching.isOn = advance().word == "on"
            matching.labels = try groupingLabels()
            if current.isKeyword("group_left") || current.isKeyword("group_right") {
                matching.cardinality =
                    advance().word == "group_left" ? .manyToOne : .oneToMany
                if current.isSymbol("(") { matching.include = try groupingLabels() }
            }
        }
        operation.matching = matching
    }

    /// The labels after `by`, `without`, `on`, `ignoring` and `group_…`.
    mutating func groupingLabels() throws(PromQLSyntaxError) -> [String] {
        guard accept("(") else { throw unexpected("grouping opts", expected: "\"(\"") }
        var labels: [String] = []
        while !current.isSymbol(")") {
            switch current.kind {
            case .string:
                let text = try stringLiteral()
                guard text.isValid, !text.bytes.isEmpty else {
                    throw failure(
                        "invalid label name \(PromQLText.quoted(bytes: text.bytes))", text.range)
                }
                labels.append(text.text)
            case .identifier, .aggregator, .keyword, .preprocessor, .op:
                guard PromQLText.isLegacyLabelName(current.text) else {
                    throw unexpected("grouping opts", expected: "label")
                }
                labels.append(advance().text)
            default: throw unexpected("grouping opts", expected: "label")
            }
            if !accept(","), !current.isSymbol(")") {
                throw unexpected("grouping opts", expected: "\",\" or \")\"")
            }
        }
        advance()
        return labels
    }

    private mutating func unary() throws(PromQLSyntaxError) -> Expression {
        guard current.isSymbol("-") || current.isSymbol("+") else {
            return try postfix(try primary())
        }
        let sign = advance()
        // The sign binds less tightly than `^` and more tightly than everything else.
        let operand = try binary(minimum: BinaryOperation.Operator.power.precedence)
        height += 1
        if case .number(var number) = operand {
            if sign.text == "-" { number.value = -number.value }
            number.range = sign.range.through(number.range)
            return .number(number)
        }
        return .unary(
            UnaryOperation(
                isNegative: sign.text == "-", expression: operand,
                range: sign.range.through(operand.range)))
    }

    private mutating func primary() throws(PromQLSyntaxError) -> Expression {
        let token = current
        height = 1
        switch token.kind {
        case .number, .duration:
            let (value, isDuration) = try number()
            return .number(
                NumberLiteral(value: value, isDuration: isDuration, range: token.range))
        case .string: return .string(try stringLiteral())
        case .symbol where token.text == "(":
            advance()
            let inner = try binary(minimum: 1)
            guard accept(")") else { throw unexpected("", expected: "\")\"") }
            height += 1
            return .parenthesized(
                Parenthesized(
                    expression: inner, range: SourceRange(token.range.start, lastEnd)))
        case .symbol where token.text == "{": return .vector(try vectorSelector(name: nil))
        case .identifier where self.token(ahead: 1).isSymbol("("): return try functionCall()
        case .aggregator:
            let next = self.token(ahead: 1)
            if next.isSymbol("(") || next.isKeyword("by") || next.isKeyword("without") {
                return try aggregation()
            }
            return .vector(try vectorSelector(name: advance()))
        case .identifier, .metricIdentifier, .preprocessor:
            return .vector(try vectorSelector(name: advance()))
        case .keyword where ["by", "without", "offset"].contains(token.word):
            return .vector(try vectorSelector(name: advance()))
        case .op where ["and", "or", "unless"].contains(token.word):
            return .vector(try vectorSelector(name: advance()))
        default: throw unexpected()
        }
    }

    mutating func number() throws(PromQLSyntaxError) -> (value: Double, isDuration: Bool) {
        let token = advance()
        if token.kind == .duration {
            guard let form = PromQLText.durationForm(token.text) else {
                throw failure(
                    "not a valid duration string: \(PromQLText.quoted(token.text))", token.range)
            }
            guard let milliseconds = form else {
                throw failure("duration out of range", token.range)
            }
            return (Double(milliseconds) / 1_000, true)
        }
        guard let value = PromQLText.parseNumber(token.text) else {
            throw failure("error parsing number: \(token.text)", token.range)
        }
        return (value, false)
    }

    mutating func stringLiteral() throws(PromQLSyntaxError) -> StringLiteral {
        let token = advance()
        do {
            return StringLiteral(
                bytes: try StringUnescaper.bytes(of: token.text), range: token.range)
        } catch {
            throw failure(error.message, token.range)
        }
    }
}
