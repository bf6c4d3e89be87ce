extension Parser {
    mutating func vectorSelector(name: Token?) throws(PromQLSyntaxError) -> VectorSelector {
        let start = name?.range.start ?? current.range.start
        var matchers: [LabelMatcher] = []
        if accept("{") {
            while !current.isSymbol("}") {
                matchers.append(try labelMatcher())
                if !accept(","), !current.isSymbol("}") {
                    throw unexpected("label matching", expected: "\",\" or \"}\"")
                }
            }
            advance()
        }
        var selector = VectorSelector(
            name: name?.text ?? "", matchers: matchers, range: SourceRange(start, lastEnd))
        if let name {
            selector.matchers.append(LabelMatcher(Labels.metricName, equals: name.text))
        }
        return selector
    }

    private mutating func labelMatcher() throws(PromQLSyntaxError) -> LabelMatcher {
        let start = current.range
        let name: String
        switch current.kind {
        case .identifier: name = advance().text
        case .string:
            let literal = try stringLiteral()
            guard literal.isValid else { throw failure("invalid UTF-8 in name", start) }
            name = literal.text
            if current.isSymbol(",") || current.isSymbol("}") {
                return LabelMatcher(Labels.metricName, equals: name)
            }
        default: throw unexpected("label matching", expected: "identifier or \"}\"")
        }
        guard current.kind == .symbol, let kind = LabelMatcher.Kind(rawValue: current.text) else {
            throw unexpected("label matching", expected: "label matching operator")
        }
        advance()
        guard current.kind == .string else {
            throw unexpected("label matching", expected: "string")
        }
        let value = try stringLiteral()
        do {
            return try LabelMatcher(kind, name, value.text)
        } catch {
            throw failure(error.description, start.through(value.range))
        }
    }

    /// What may stand behind an expression: ranges, offsets and `@`.
    mutating func postfix(_ operand: Expression) throws(PromQLSyntaxError) -> Expression {
        var expression = operand
        var links = 0
        while true {
            links += 1
            guard links <= options.nestingLimit else {
                throw failure("expression nests deeper than \(options.nestingLimit)")
            }
            if current.isSymbol("[") {
                expression = try bracketed(expression)
            } else if current.isKeyword("offset") {
                advance()
                expression = try setOffset(try offsetDuration(), on: expression)
            } else if current.isSymbol("@") {
                advance()
                expression = try setTime(try atModifier(on: expression), on: expression)
            } else {
                return expression
            }
        }
    }

    private mutating func bracketed(
        _ operand: Expression
    ) throws(PromQLSyntaxError) -> Expression {
        let open = advance().range
        if current.isSymbol("]") || current.isSymbol(":") {
            throw unexpected("subquery selector", expected: "duration")
        }
        let width = try positiveDuration()
        if accept(":") {
            let step = current.isSymbol("]") ? nil : try positiveDuration()
            guard accept("]") else {
                throw unexpected("subquery selector", expected: "\"]\"")
            }
            height += 1
            return .subquery(
                Subquery(
                    expression: operand, width: width, step: step,
                    range: SourceRange(operand.range.start, lastEnd)))
        }
        guard accept("]") else {
            throw unexpected("subquery or range", expected: "\":\" or \"]\"")
        }
        let brackets = SourceRange(open.start, lastEnd)
        guard case .vector(let selector) = operand else {
            throw failure("ranges only allowed for vector selectors", brackets)
        }
        if selector.time.offset != nil {
            throw failure("no offset modifiers allowed before range", brackets)
        }
        if selector.time.at != nil {
            throw failure("no @ modifiers allowed before range", brackets)
        }
        return .range(
            RangeSelector(
                selector: selector, width: width,
                range: SourceRange(selector.range.start, lastEnd)))
    }

    private mutating func positiveDuration() throws(PromQLSyntaxError) -> DurationExpression {
        let start = current.range
        durationOperators = 0
        let duration = try durationSum()
        if let literal = duration.literal {
            guard literal > 0 else { throw failure("duration must be greater than 0", start) }
            guard literal < 9_223_372_036 else { throw failure("duration out of range", start) }
        } else if !options.allowsDurationExpressions {
            throw failure("experimental duration expression is not enabled", start)
        }
        return duration
    }

    private mutating func offsetDuration() throws(PromQLSyntaxError) -> DurationExpression {
        let start = current.range
        guard
            current.kind == .number || current.kind == .duration || current.isSymbol("-")
                || current.isSymbol("+") || current.isSymbol("(") || current.isKeyword("step")
                || current.word == "min" || current.word == "max"
        else { throw unexpected("offset", expected: "number, duration, step(), or range()") }
        durationOperators = 0
        let duration = try signedDuration()
        if let literal = duration.literal {
            guard literal.magnitude < 9_223_372_036 else {
                throw failure("duration out of range", start)
            }
        } else if !options.allowsDurationExpressions {
            throw failure("experimental duration expression is not enabled", start)
        }
        return duration
    }

    /// A signed literal or something in parentheses; operators behind it belong to the expression.
    private mutating func signedDuration() throws(PromQLSyntaxError) -> DurationExpression {
        if accept("-") { return .negated(try durationPrimary()) }
        _ = accept("+")
        return try durationPrimary()
    }

    private mutating func durationSum() throws(PromQLSyntaxError) -> DurationExpression {
        try nested { (parser) throws(PromQLSyntaxError) in
            var left = try parser.durationProduct()
            while parser.current.isSymbol("+") || parser.current.isSymbol("-") {
                let op = try parser.durationOperator()
                left = .binary(op.text, left, try parser.durationProduct())
            }
            return left
        }
    }

    private mutating func durationProduct() throws(PromQLSyntaxError) -> DurationExpression {
        var left = try durationUnary()
        while ["*", "/", "%"].contains(where: { current.isSymbol($0) }) {
            let op = try durationOperator()
            let right = try durationUnary()
            if op.text != "*", right.literal == 0 {
                throw failure(
                    op.text == "/" ? "division by zero" : "modulo by zero", op.range)
            }
            left = .binary(op.text, left, right)
        }
        return left
    }

    /// Takes an operator or parenthesis of a duration, each of which deepens its tree.
    private mutating func durationOperator() throws(PromQLSyntaxError) -> Token {
        durationOperators += 1
        guard durationOperators <= options.durationLimit else {
            throw failure("duration has more than \(options.durationLimit) operators")
        }
        return advance()
    }

    private mutating func durationUnary() throws(PromQLSyntaxError) -> DurationExpression {
        try nested { (parser) throws(PromQLSyntaxError) in
            if parser.current.isSymbol("-") {
                _ = try parser.durationOperator()
                return .negated(try parser.durationUnary())
            }
            if parser.accept("+") { return try parser.durationUnary() }
            let base = try parser.durationPrimary()
            guard parser.current.isSymbol("^") else { return base }
            let op = try parser.durationOperator()
            return .binary(op.text, base, try parser.durationUnary())
        }
    }

    private mutating func durationPrimary() throws(PromQLSyntaxError) -> DurationExpression {
        switch current.kind {
        case .number, .duration:
            let (seconds, hasUnits) = try number()
            return .seconds(seconds, hasUnits: hasUnits)
        case .preprocessor where current.word == "step":
            advance()
            guard accept("("), accept(")") else {
                throw unexpected("duration expression", expected: "\"(\" and \")\"")
            }
            return .step
        case .aggregator where current.word == "min" || current.word == "max":
            let isMaximum = try durationOperator().word == "max"
            guard accept("(") else {
                throw unexpected("duration expression", expected: "\"(\"")
            }
            let first = try durationSum()
            guard accept(",") else {
                throw unexpected("duration expression", expected: "\",\"")
            }
            let second = try durationSum()
            guard accept(")") else {
                throw unexpected("duration expression", expected: "\")\"")
            }
            return .extreme(isMaximum: isMaximum, first, second)
        default:
            guard current.isSymbol("(") else {
                throw unexpected("duration expression", expected: "duration")
            }
            _ = try durationOperator()
            let inner = try durationSum()
            guard accept(")") else {
                throw unexpected("duration expression", expected: "\")\"")
            }
            return .parenthesized(inner)
        }
    }

    private mutating func setOffset(
        _ offset: DurationExpression, on expression: Expression
    ) throws(PromQLSyntaxError) -> Expression {
        try changeTime(
            of: expression,
            otherwise: "offset modifier must be preceded by an instant vector selector or range "
                + "vector selector or a subquery"
        ) { (time) throws(PromQLSyntaxError) in
            guard time.offset == nil else {
                throw failure("offset may not be set multiple times", expression.range)
            }
            time.offset = offset
        }
    }

    private mutating func atModifier(
        on expression: Expression
    ) throws(PromQLSyntaxError) -> AtModifier {
        if current.kind == .preprocessor, current.word != "step" {
            let isStart = advance().word == "start"
            guard accept("("), accept(")") else {
                throw unexpected("@", expected: "\"(\" and \")\"")
            }
            return isStart ? .start : .end
        }
        var sign = 1.0
        if accept("-") { sign = -1 } else if accept("+") { sign = 1 }
        guard current.kind == .number || current.kind == .duration else {
            throw unexpected("@", expected: "timestamp")
        }
        let seconds = sign * (try number().value)
        guard seconds.isFinite, seconds.magnitude < 9.2e15 else {
            throw failure(
                "timestamp out of bounds for @ modifier: "
                    + (seconds.isFinite
                        ? PromQLText.number(seconds) + ".000000" : PromQLText.number(seconds)),
                expression.range)
        }
        return .time(Int64((seconds * 1_000).rounded(.toNearestOrAwayFromZero)))
    }

    private mutating func setTime(
        _ at: AtModifier, on expression: Expression
    ) throws(PromQLSyntaxError) -> Expression {
        try changeTime(
            of: expression,
            otherwise: "@ modifier must be preceded by an instant vector selector or range vector "
                + "selector or a subquery"
        ) { (time) throws(PromQLSyntaxError) in
            guard time.at == nil else {
                throw failure("@ <timestamp> may not be set multiple times", expression.range)
            }
            time.at = at
        }
    }

    private func changeTime(
        of expression: Expression, otherwise message: String,
        _ change: (inout TimeModifier) throws(PromQLSyntaxError) -> Void
    ) throws(PromQLSyntaxError) -> Expression {
        switch expression {
        case .vector(var node):
            try change(&node.time)
            node.range.end = lastEnd
            return .vector(node)
        case .range(var node):
            try change(&node.selector.time)
            node.range.end = lastEnd
            return .range(node)
        case .subquery(var node):
            try change(&node.time)
            node.range.end = lastEnd
            return .subquery(node)
        default: throw failure(message, expression.range)
        }
    }
}
