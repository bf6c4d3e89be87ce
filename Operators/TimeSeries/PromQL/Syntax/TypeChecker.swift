/// Checks that the parts of an expression fit together.
struct TypeChecker {
    let query: String
    let options: ParserOptions

    private func failure(_ message: String, _ range: SourceRange) -> PromQLSyntaxError {
        PromQLSyntaxError(message, range, in: query)
    }

    /// The expression with its matching settled.
    mutating func check(_ expression: Expression) throws(PromQLSyntaxError) -> Expression {
        switch expression {
        case .number, .string: return expression
        case .vector(let node):
            try check(node)
            return expression
        case .range(let node):
            try check(node.selector)
            return expression
        case .subquery(var node):
            node.expression = try check(node.expression)
            guard node.expression.type == .vector else {
                throw failure(
                    "subquery is only allowed on instant vector, got "
                        + "\(node.expression.type.rawValue) instead", node.range)
            }
            return .subquery(node)
        case .parenthesized(var node):
            node.expression = try check(node.expression)
            return .parenthesized(node)
        case .unary(var node):
            node.expression = try check(node.expression)
            let type = node.expression.type
            guard type == .scalar || type == .vector else {
                throw failure(
                    "unary expression only allowed on expressions of type scalar or instant "
                        + "vector, got \(PromQLText.quoted(type.documented))", node.range)
            }
            return .unary(node)
        case .aggregation(let node): return .aggregation(try check(node))
        case .binary:
            var left = try check(expression.leftEnd)
            let start = left.range.start
            for node in expression.chain {
                left = .binary(try check(node, left: left, from: start))
            }
            return left
        case .call(let node): return .call(try check(node))
        }
    }

    private func expect(
        _ type: ValueType, _ expression: Expression, _ context: String
    ) throws(PromQLSyntaxError) {
        guard expression.type != type else { return }
        throw failure(
            "expected type \(type.documented) in \(context), got \(expression.type.documented)",
            expression.range)
    }

    private func check(_ node: VectorSelector) throws(PromQLSyntaxError) {
        if !node.name.isEmpty {
            for matcher in node.matchers.dropLast() where matcher.name == Labels.metricName {
                throw failure(
                    "metric name must not be set twice: \(PromQLText.quoted(node.name)) or "
                        + PromQLText.quoted(matcher.value), node.range)
            }
            return
        }
        guard node.mayBeEmpty || node.matchers.contains(where: { !$0.matches("") }) else {
            throw failure(
                "vector selector must contain at least one non-empty matcher", node.range)
        }
    }

    private mutating func check(_ aggregation: Aggregation) throws(PromQLSyntaxError)
        -> Aggregation
    {
        var node = aggregation
        node.expression = try check(node.expression)
        try expect(.vector, node.expression, "aggregation expression")
        if let parameter = node.parameter {
            node.parameter = try check(parameter)
            try expect(
                node.op == .countValues ? .string : .scalar, parameter, "aggregation parameter")
        }
        return node
    }

    /// Checks an operation whose left operand is checked already.
    private mutating func check(
        _ operation: BinaryOperation, left checked: Expression, from start: Int
    ) throws(PromQLSyntaxError) -> BinaryOperation {
        var node = operation
        node.left = checked
        node.right = try check(node.right)
        let range = SourceRange(start, node.right.range.end)
        let (left, right) = (node.left.type, node.right.type)
        if node.returnsBool, !node.op.isComparison {
            throw failure(
                "bool modifier can only be used on comparison operators", node.operatorRange)
        }
        if node.op.isComparison, !node.returnsBool, left == .scalar, right == .scalar {
            throw failure(
                "comparisons between scalars must use BOOL modifier", node.operatorRange)
        }
        for (type, side) in [(left, node.left), (right, node.right)]
        where type != .scalar && type != .vector {
            throw failure(
                "binary expression must contain only scalar and instant vector types", side.range)
        }
        var matching = node.matching ?? VectorMatching()
        if node.op.isSetOperator, matching.cardinality == .oneToOne {
            matching.cardinality = .manyToMany
        }
        if matching.isOn, let label = matching.labels.first(where: matching.include.contains) {
            throw failure(
                "label \(PromQLText.quoted(label)) must not occur in ON and GROUP clause at once",
                node.operatorRange)
        }
        if left != .vector || right != .vector {
            guard matching.labels.isEmpty else {
                throw failure("vector matching only allowed between instant vectors", range)
            }
            guard !node.op.isSetOperator else {
                throw failure(
                    "set operator \(PromQLText.quoted(node.op.rawValue)) not allowed in binary "
                        + "scalar expression", range)
            }
            node.matching = nil
            return node
        }
        if node.op.isSetOperator, matching.cardinality != .manyToMany {
            throw failure(
                "no grouping allowed for \(PromQLText.quoted(node.op.rawValue)) operation", range)
        }
        node.matching = matching
        return node
    }

    private mutating func check(_ call: FunctionCall) throws(PromQLSyntaxError) -> FunctionCall {
        var node = call
        let function = node.function
        let name = PromQLText.quoted(function.name)
        if function.isExperimental, !options.allowsExperimentalFunctions {
            throw failure("function \(name) is not enabled", node.range)
        }
        let given = node.arguments.count
        let wanted = function.arguments.count
        if function.variadic == 0 {
            guard given == wanted else {
                throw failure(
                    "expected \(wanted) argument(s) in call to \(name), got \(given)", node.range)
            }
        } else {
            guard given >= wanted - 1 else {
                throw failure(
                    "expected at least \(wanted - 1) argument(s) in call to \(name), got \(given)",
                    node.range)
            }
            let most = wanted - 1 + function.variadic
            guard function.variadic < 0 || given <= most else {
                throw failure(
                    "expected at most \(most) argument(s) in call to \(name), got \(given)",
                    node.range)
            }
        }
        if function.name == "info", given > 1 { try checkInfo(&node) }
        for index in node.arguments.indices {
            node.arguments[index] = try check(node.arguments[index])
            try expect(
                function.arguments[min(index, wanted - 1)], node.arguments[index],
                "call to function \(name)")
        }
        return node
    }

    /// The second argument of `info` is a selector of labels alone.
    private func checkInfo(_ node: inout FunctionCall) throws(PromQLSyntaxError) {
        guard case .vector(var selector) = node.arguments[1] else {
            throw failure("expected label selectors only", node.arguments[1].range)
        }
        guard selector.name.isEmpty else {
            throw failure(
                "expected label selectors only, got vector selector instead", selector.range)
        }
        selector.mayBeEmpty = true
        node.arguments[1] = .vector(selector)
    }
}
