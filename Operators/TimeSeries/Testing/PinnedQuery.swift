/// An instant query with its selectors pinned to its time by `@`, so that it must yield the same
/// at any other time.
enum PinnedQuery {
    static func variants(
        of expression: Expression, at time: Int64
    ) -> [(expression: Expression, time: Int64)] {
        if readsTime(expression) { return [] }
        // Through the text, so that the formatter is tested too.
        guard let pinned = try? Expression(parsing: pin(expression, time).description) else {
            return [(expression, Int64.min)]
        }
        let times = time == 0 ? [-1_000, 0, 1_000] : [-10 * time, 0, time / 5, time, 10 * time]
        return times.map { (pinned, $0) }
    }

    private static func readsTime(_ expression: Expression) -> Bool {
        if case .call(let node) = expression,
            Evaluator.readsEvaluationTime.contains(node.function.name)
        {
            return true
        }
        return expression.children.contains(where: readsTime)
    }

    private static func pinned(_ modifier: TimeModifier, _ time: Int64) -> TimeModifier {
        var result = modifier
        if result.at == nil { result.at = .time(time) }
        return result
    }

    private static func pin(_ expression: Expression, _ time: Int64) -> Expression {
        switch expression {
        case .number, .string: return expression
        case .vector(var node):
            node.time = pinned(node.time, time)
            return .vector(node)
        case .range(var node):
            node.selector.time = pinned(node.selector.time, time)
            return .range(node)
        case .subquery(var node):
            // What is inside moves with the subquery.
            node.time = pinned(node.time, time)
            return .subquery(node)
        case .parenthesized(var node):
            node.expression = pin(node.expression, time)
            return .parenthesized(node)
        case .unary(var node):
            node.expression = pin(node.expression, time)
            return .unary(node)
        case .binary(var node):
            node.left = pin(node.left, time)
            node.right = pin(node.right, time)
            return .binary(node)
        case .aggregation(var node):
            node.expression = pin(node.expression, time)
            node.parameter = node.parameter.map { pin($0, time) }
            return .aggregation(node)
        case .call(var node):
            // The selector of `info` names labels, not samples.
            node.arguments = node.arguments.enumerated().map { index, argument in
                node.function.name == "info" && index == 1 ? argument : pin(argument, time)
            }
            return .call(node)
        }
    }
}
