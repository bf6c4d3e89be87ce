/// Evaluates expressions at the steps of one grid.
struct Evaluator {
    let context: QueryContext
    let grid: StepGrid

    /// Evaluates a node that yields no range of samples.
    func evaluate(_ expression: Expression) throws(QueryError) -> Evaluated {
        try context.checkpoint()
        if grid.count > 1, Evaluator.standsStill(expression) {
            return try repeatedFirstStep(expression)
        }
        let before = context.liveSamples
        let result = try evaluateEveryStep(expression)
        // What the node's operands held is free again; its own result is not.
        context.liveSamples = before
        if case .vector(let columns) = result {
            try context.charge(columns)
        }
        return result
    }

    private func evaluateEveryStep(_ expression: Expression) throws(QueryError) -> Evaluated {
        switch expression {
        case .number(let node):
            return .scalar(Array(repeating: node.value, count: grid.count))
        case .string(let node): return .string(node)
        case .parenthesized(let node): return try evaluate(node.expression)
        case .vector(let node): return .vector(try select(node))
        case .unary(let node): return try evaluate(node)
        case .binary: return try evaluateChain(expression)
        case .call(let node): return try call(node)
        case .aggregation(let node): return .vector(try aggregate(node))
        case .range, .subquery:
            throw .execution("a range of samples can only be an argument of a function")
        }
    }

    /// Whether an expression yields the same at every step because of `@`.
    static func standsStill(_ expression: Expression) -> Bool {
        switch expression {
        case .number, .string: true
        case .vector(let node): node.time.at != nil
        case .range(let node): node.selector.time.at != nil
        case .subquery(let node): node.time.at != nil
        case .parenthesized(let node): standsStill(node.expression)
        case .unary(let node): standsStill(node.expression)
        case .aggregation(let node): standsStill(node.expression)
        case .binary:
            standsStill(expression.leftEnd)
                && expression.chain.allSatisfy { standsStill($0.right) }
        case .call(let node):
            !readsEvaluationTime.contains(node.function.name)
                && node.arguments.allSatisfy(standsStill)
        }
    }

    /// Functions whose result depends on the step even if their arguments don't.
    static let readsEvaluationTime: Set<String> = [
        "days_in_month", "day_of_month", "day_of_week", "day_of_year", "hour", "minute", "month",
        "year", "predict_linear", "time", "timestamp",
    ]

    private func repeatedFirstStep(_ expression: Expression) throws(QueryError) -> Evaluated {
        let single = Evaluator(context: context, grid: StepGrid(at: grid.start))
        switch try single.evaluate(expression) {
        case .scalar(let values):
            return .scalar(Array(repeating: values[0], count: grid.count))
        case .string(let literal): return .string(literal)
        case .vector(let columns):
            try context.charge(columns.count * (grid.count - 1))
            return .vector(
                columns.map {
                    var column = $0
                    column.values = Array(repeating: $0.values[0], count: grid.count)
                    return column
                })
        }
    }

    /// The values of an operand that is known to be a scalar.
    func scalar(_ expression: Expression) throws(QueryError) -> [Double] {
        guard case .scalar(let values) = try evaluate(expression) else {
            throw .execution("expected a scalar")
        }
        return values
    }

    /// The columns of an operand that is known to be a vector.
    func vector(_ expression: Expression) throws(QueryError) -> [Column] {
        guard case .vector(let columns) = try evaluate(expression) else {
            throw .execution("expected an instant vector")
        }
        return columns
    }

    func string(_ expression: Expression) throws(QueryError) -> StringLiteral {
        guard case .string(let literal) = expression.unwrapped else {
            throw .execution("expected a string literal")
        }
        return literal
    }

    private func evaluate(_ node: UnaryOperation) throws(QueryError) -> Evaluated {
        let operand = try evaluate(node.expression)
        guard node.isNegative else { return operand }
        switch operand {
        case .scalar(let values): return .scalar(values.map { -$0 })
        case .string: throw .execution("a string has no sign")
        case .vector(let columns):
            return .vector(try unique(columns.map { mapped($0) { -$0 } }))
        }
    }

    /// A column with a function applied to its values, whose name is taken away.
    func mapped(_ column: Column, _ function: (Double) -> Double) -> Column {
        var result = withoutName(column)
        result.values.withUnsafeMutableBufferPointer { values in
            for index in values.indices where Column.isPresent(values[index]) {
                values[index] = function(values[index])
            }
        }
        return result
    }

    /// The column without its metric's name, now or at the end.
    func withoutName(_ column: Column) -> Column {
        var result = column
        result.dropsName = true
        if !context.options.delaysNameRemoval { result.labels = column.labels.droppingMetadata }
        return result
    }

    static let sameLabels = QueryError.execution(
        "vector cannot contain metrics with the same labelset")

    /// Merges columns of equal labels; two values at one step are an error.
    func unique(_ columns: [Column], strictly: Bool = false) throws(QueryError) -> [Column] {
        guard columns.count > 1 else { return columns }
        var hashes = Set<UInt64>(minimumCapacity: columns.count)
        if columns.allSatisfy({ hashes.insert($0.labels.stableHash).inserted }) { return columns }
        var places: [Labels: Int] = [:]
        var result: [Column] = []
        for column in columns {
            guard let place = places[column.labels] else {
                places[column.labels] = result.count
                result.append(column)
                continue
            }
            // With names removed at the end, equal labels may still be told apart by then.
            if strictly { throw Evaluator.sameLabels }
            for (step, value) in column.values.enumerated() where Column.isPresent(value) {
                guard !Column.isPresent(result[place].values[step]) else {
                    throw Evaluator.sameLabels
                }
                result[place].values[step] = value
            }
        }
        return result
    }

    /// Takes away the names that were kept up to here.
    func finish(_ columns: [Column]) throws(QueryError) -> [Column] {
        guard context.options.delaysNameRemoval else { return columns }
        let named = columns.map { column in
            var result = column
            if column.dropsName { result.labels = column.labels.droppingMetadata }
            return result
        }
        return try unique(named)
    }
}
