extension Evaluator {
    /// `label_replace(vector, destination, replacement, source, pattern)`.
    func labelReplace(_ node: FunctionCall) throws(QueryError) -> [Column] {
        let destination = try string(node.arguments[1])
        let replacement = try string(node.arguments[2]).text
        let source = try string(node.arguments[3]).text
        let pattern = try string(node.arguments[4]).text
        guard let expression = try? RegularExpression(anchored: pattern) else {
            throw .execution("invalid regular expression in label_replace(): \(pattern)")
        }
        try check(destination, "destination", "label_replace")
        var columns = try vector(node.arguments[0])
        for index in columns.indices {
            let value = columns[index].labels[source]
            guard
                let result = expression.expandingFirstMatch(in: value, template: replacement)
            else { continue }
            set(destination.text, result, on: &columns[index])
        }
        return try unique(columns)
    }

    /// `label_join(vector, destination, separator, source, …)`.
    func labelJoin(_ node: FunctionCall) throws(QueryError) -> [Column] {
        let destination = try string(node.arguments[1])
        let separator = try string(node.arguments[2]).text
        var sources: [String] = []
        for argument in node.arguments.dropFirst(3) {
            let source = try string(argument)
            try check(source, "source", "label_join")
            sources.append(source.text)
        }
        try check(destination, "destination", "label_join")
        var columns = try vector(node.arguments[0])
        for index in columns.indices {
            let labels = columns[index].labels
            let value = sources.map { labels[$0] }.joined(separator: separator)
            set(destination.text, value, on: &columns[index])
        }
        return try unique(columns)
    }

    private func check(
        _ label: StringLiteral, _ role: String, _ function: String
    ) throws(QueryError) {
        guard label.isValid, !label.bytes.isEmpty else {
            throw .execution("invalid \(role) label name in \(function)(): \(label.text)")
        }
    }

    private func set(_ name: String, _ value: String, on column: inout Column) {
        column.labels = column.labels.setting(name, value)
        // A name that was just given is not one to take away.
        if name == Labels.metricName { column.dropsName = false }
    }
}
