extension Parser {
    mutating func functionCall() throws(PromQLSyntaxError) -> Expression {
        let name = advance()
        guard let function = PromQLFunction.named(name.text) else {
            throw failure(
                "unknown function with name \(PromQLText.quoted(name.text))", name.range)
        }
        let arguments = try callArguments()
        return .call(
            FunctionCall(
                function: function, arguments: arguments,
                range: SourceRange(name.range.start, lastEnd)))
    }

    private mutating func callArguments() throws(PromQLSyntaxError) -> [Expression] {
        guard accept("(") else { throw unexpected("", expected: "\"(\"") }
        var arguments: [Expression] = []
        if accept(")") { return arguments }
        var highest = 0
        while true {
            arguments.append(try binary(minimum: 1))
            highest = max(highest, height)
            if accept(")") {
                height = highest + 1
                return arguments
            }
            let comma = current.range
            guard accept(",") else { throw unexpected("", expected: "\",\" or \")\"") }
            if current.isSymbol(")") {
                throw failure("trailing commas not allowed in function call args", comma)
            }
        }
    }

    mutating func aggregation() throws(PromQLSyntaxError) -> Expression {
        let name = advance()
        guard let op = Aggregation.Operator(rawValue: name.word) else {
            throw failure("unknown aggregation \(PromQLText.quoted(name.text))", name.range)
        }
        var modifier = try aggregationModifier()
        guard current.isSymbol("(") else { throw unexpected("aggregation") }
        let arguments = try callArguments()
        if modifier == nil { modifier = try aggregationModifier() }
        let range = SourceRange(name.range.start, lastEnd)
        guard !arguments.isEmpty else {
            throw failure("no arguments for aggregate expression provided", range)
        }
        let wanted = op.takesParameter ? 2 : 1
        if !options.allowsExperimentalFunctions, op == .limitk || op == .limitRatio {
            throw failure(
                "\(op.rawValue)() is experimental and must be enabled with "
                    + "--enable-feature=promql-experimental-functions", range)
        }
        guard arguments.count == wanted else {
            throw failure(
                "wrong number of arguments for aggregate expression provided, expected \(wanted), "
                    + "got \(arguments.count)", range)
        }
        return .aggregation(
            Aggregation(
                op: op, expression: arguments[wanted - 1],
                parameter: wanted == 2 ? arguments[0] : nil, grouping: modifier?.labels ?? [],
                isWithout: modifier?.isWithout ?? false, range: range))
    }

    private mutating func aggregationModifier() throws(PromQLSyntaxError) -> (
        labels: [String], isWithout: Bool
    )? {
        guard current.isKeyword("by") || current.isKeyword("without") else { return nil }
        let isWithout = advance().word == "without"
        return (try groupingLabels(), isWithout)
    }
}
