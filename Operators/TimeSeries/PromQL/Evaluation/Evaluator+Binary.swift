extension Evaluator {
    /// A chain of binary operations, from its left end on.
    func evaluateChain(_ expression: Expression) throws(QueryError) -> Evaluated {
        let before = context.liveSamples
        var result = try evaluate(expression.leftEnd)
        for node in expression.chain {
            try context.checkpoint()
            result = try combined(node, result, try evaluate(node.right))
            context.liveSamples = before
            if case .vector(let columns) = result { try context.charge(columns) }
        }
        return result
    }

    /// A binary operation between scalars, vectors, or one of each.
    private func combined(
        _ node: BinaryOperation, _ left: Evaluated, _ right: Evaluated
    ) throws(QueryError) -> Evaluated {
        switch (left, right) {
        case (.scalar(let a), .scalar(let b)):
            return .scalar(
                zip(a, b).map {
                    let (value, holds) = Arithmetic.apply(node.op, $0, $1)
                    return node.op.isComparison ? (holds ? 1 : 0) : value
                })
        case (.vector(let columns), .scalar(let values)):
            return .vector(try combined(columns, values, node, scalarIsLeft: false))
        case (.scalar(let values), .vector(let columns)):
            return .vector(try combined(columns, values, node, scalarIsLeft: true))
        case (.vector(let a), .vector(let b)):
            guard let matching = node.matching else {
                throw .execution("a vector operation without matching")
            }
            return .vector(
                node.op.isSetOperator
                    ? try setOperation(node.op, a, b, matching)
                    : try VectorJoin(evaluator: self, node: node, matching: matching).join(a, b))
        default: throw .execution("a string is no operand")
        }
    }

    private func combined(
        _ columns: [Column], _ scalars: [Double], _ node: BinaryOperation, scalarIsLeft: Bool
    ) throws(QueryError) -> [Column] {
        let op = node.op
        let dropsName = !op.isComparison || node.returnsBool
        let result = columns.map { column in
            var output = dropsName ? withoutName(column) : column
            output.values.withUnsafeMutableBufferPointer { values in
                for step in values.indices where Column.isPresent(values[step]) {
                    let operand = values[step]
                    let (value, holds) =
                        scalarIsLeft
                        ? Arithmetic.apply(op, scalars[step], operand)
                        : Arithmetic.apply(op, operand, scalars[step])
                    if node.returnsBool {
                        values[step] = holds ? 1 : 0
                    } else if op.isComparison {
                        // A comparison filters: the vector's own value is kept.
                        values[step] = holds ? operand : Column.absent
                    } else {
                        values[step] = value
                    }
                }
            }
            return output
        }
        return dropsName ? try unique(result) : result
    }

    private func setOperation(
        _ op: BinaryOperation.Operator, _ left: [Column], _ right: [Column],
        _ matching: VectorMatching
    ) throws(QueryError) -> [Column] {
        let signatures = Signatures(matching)
        // Where each signature is present on the side that decides.
        var present: [Labels: [Bool]] = [:]
        for column in op == .or ? left : right {
            let key = signatures.key(column.labels)
            var steps = present[key] ?? [Bool](repeating: false, count: grid.count)
            for (step, value) in column.values.enumerated() where Column.isPresent(value) {
                steps[step] = true
            }
            present[key] = steps
        }
        func filtered(_ columns: [Column], keepingMatches: Bool) -> [Column] {
            columns.compactMap { column in
                guard let steps = present[signatures.key(column.labels)] else {
                    return keepingMatches ? nil : column
                }
                var result = column
                for step in steps.indices where steps[step] != keepingMatches {
                    result.values[step] = Column.absent
                }
                return result.isEmpty ? nil : result
            }
        }
        switch op {
        case .and: return filtered(left, keepingMatches: true)
        case .unless: return filtered(left, keepingMatches: false)
        default: return try unique(left + filtered(right, keepingMatches: false))
        }
    }
}

/// What of a series' labels counts for matching.
struct Signatures {
    private let matching: VectorMatching
    private let ignored: [String]

    init(_ matching: VectorMatching) {
        self.matching = matching
        ignored = matching.labels + [Labels.metricName]
    }

    func key(_ labels: Labels) -> Labels {
        matching.isOn ? labels.keeping(matching.labels) : labels.dropping(ignored)
    }
}
