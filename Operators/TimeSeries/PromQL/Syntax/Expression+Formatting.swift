extension Expression: CustomStringConvertible {
    /// The expression on one line, in the form that Prometheus prints; it reads back as the same.
    public var description: String {
        switch self {
        case .number(let node):
            return node.isDuration
                ? DurationExpression.seconds(node.value, hasUnits: true).description
                : PromQLText.number(node.value)
        case .string(let node): return PromQLText.quoted(bytes: node.bytes)
        case .vector(let node): return node.description
        case .range(let node):
            var bare = node.selector
            bare.time = TimeModifier()
            return "\(bare)[\(node.width)]\(node.selector.time)"
        case .subquery(let node):
            let step = node.step.map(\.description) ?? ""
            return "\(node.expression)[\(node.width):\(step)]\(node.time)"
        case .call(let node):
            return "\(node.function.name)(\(Expression.list(node.arguments)))"
        case .aggregation(let node):
            let arguments = (node.parameter.map { [$0] } ?? []) + [node.expression]
            return "\(Expression.head(node))(\(Expression.list(arguments)))"
        case .binary:
            return chain.reduce(into: leftEnd.description) { text, node in
                text += " \(Expression.middle(node)) \(node.right)"
            }
        case .unary(let node): return "\(node.isNegative ? "-" : "+")\(node.expression)"
        case .parenthesized(let node): return "(\(node.expression))"
        }
    }

    private static func list(_ expressions: [Expression]) -> String {
        expressions.map(\.description).joined(separator: ", ")
    }

    private static func names(_ labels: [String]) -> String {
        labels.map { PromQLText.isLegacyLabelName($0) ? $0 : PromQLText.quoted($0) }
            .joined(separator: ", ")
    }

    private static func head(_ node: Aggregation) -> String {
        if node.isWithout { return "\(node.op.rawValue) without (\(names(node.grouping))) " }
        return node.grouping.isEmpty
            ? node.op.rawValue : "\(node.op.rawValue) by (\(names(node.grouping))) "
    }

    /// The operator with its modifiers.
    private static func middle(_ node: BinaryOperation) -> String {
        var text = node.op.rawValue + (node.returnsBool ? " bool" : "")
        guard let matching = node.matching else { return text }
        let isGrouped =
            matching.cardinality == .manyToOne || matching.cardinality == .oneToMany
        if matching.isOn || !matching.labels.isEmpty || isGrouped {
            text += " \(matching.isOn ? "on" : "ignoring") (\(names(matching.labels)))"
        }
        if isGrouped {
            let side = matching.cardinality == .manyToOne ? "left" : "right"
            text += " group_\(side) (\(names(matching.include)))"
        }
        return text
    }

    /// The expression over several lines, each at most `width` characters where that can be done.
    public func formatted(width: Int = 100, indent: Int = 0) -> String {
        let margin = String(repeating: "  ", count: indent)
        let line = margin + description
        if line.count <= width { return line }
        func block(_ expressions: [Expression]) -> String {
            expressions.map { $0.formatted(width: width, indent: indent + 1) }
                .joined(separator: ",\n")
        }
        switch self {
        case .number, .string, .vector, .range: return line
        case .subquery(let node):
            let step = node.step.map(\.description) ?? ""
            return node.expression.formatted(width: width, indent: indent)
                + "[\(node.width):\(step)]\(node.time)"
        case .call(let node):
            return "\(margin)\(node.function.name)(\n\(block(node.arguments))\n\(margin))"
        case .aggregation(let node):
            let arguments = (node.parameter.map { [$0] } ?? []) + [node.expression]
            return "\(margin)\(Expression.head(node))(\n\(block(arguments))\n\(margin))"
        case .binary: return foldedChain(width: width, indent: indent)
        case .unary(let node):
            let inner = node.expression.formatted(width: width, indent: indent)
            return margin + (node.isNegative ? "-" : "+") + inner.dropFirst(margin.count)
        case .parenthesized(let node):
            return "\(margin)(\n\(block([node.expression]))\n\(margin))"
        }
    }
}

extension Expression {
    /// A chain of operators with each on its own line, from where the rest fits no line.
    private func foldedChain(width: Int, indent: Int) -> String {
        var rest = self
        var indent = indent
        var lines: [String] = []
        while case .binary(let node) = rest {
            let margin = String(repeating: "  ", count: indent)
            if !lines.isEmpty, margin.count + rest.description.count <= width { break }
            lines.append(
                "\n\(margin)\(Expression.middle(node))\n"
                    + node.right.formatted(width: width, indent: indent + 1))
            rest = node.left
            indent += 1
        }
        return rest.formatted(width: width, indent: indent) + lines.reversed().joined()
    }
}

extension VectorSelector: CustomStringConvertible {
    /// The selector with its conditions in the order of their text.
    public var description: String {
        let shown = matchers.filter {
            !($0.name == Labels.metricName && $0.kind == .equal && $0.value == name && name != "")
        }
        let inner = shown.map(\.description).sorted().joined(separator: ",")
        let braces = shown.isEmpty && !name.isEmpty ? "" : "{\(inner)}"
        return name + braces + time.description
    }
}

extension TimeModifier: CustomStringConvertible {
    /// ` @ 1.000 offset 5m`, with a space in front, or nothing.
    public var description: String {
        var text = ""
        switch at {
        case .time(let milliseconds):
            let sign = milliseconds < 0 ? "-" : ""
            let magnitude = milliseconds.magnitude
            let fraction = String(magnitude % 1_000)
            let padding = String(repeating: "0", count: 3 - fraction.count)
            text += " @ \(sign)\(magnitude / 1_000).\(padding)\(fraction)"
        case .start: text += " @ start()"
        case .end: text += " @ end()"
        case nil: break
        }
        if let offset { text += " offset \(offset)" }
        return text
    }
}
