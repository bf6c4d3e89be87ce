extension Evaluator {
    /// Calls a function.
    func call(_ node: FunctionCall) throws(QueryError) -> Evaluated {
        let name = node.function.name
        if Evaluator.rangeFunctions.contains(name) { return .vector(try callOverRange(node)) }
        switch name {
        case "time":
            return .scalar((0..<grid.count).map { Double(grid.time($0)) / 1_000 })
        case "pi": return .scalar(Array(repeating: Double.pi, count: grid.count))
        case "scalar": return .scalar(try scalarOfVector(node))
        case "vector":
            let values = try scalar(node.arguments[0])
            return .vector([Column(labels: .empty, dropsName: false, values: values)])
        case "timestamp": return .vector(try timestamps(node))
        case "absent": return .vector([try absent(node)])
        case "sort", "sort_desc": return .vector(try sorted(node, descending: name != "sort"))
        case "sort_by_label", "sort_by_label_desc":
            return .vector(try sortedByLabel(node, descending: name != "sort_by_label"))
        case "label_replace": return .vector(try labelReplace(node))
        case "label_join": return .vector(try labelJoin(node))
        case "info": return .vector(try info(node))
        case "histogram_quantile": return .vector(try histogramQuantile(node))
        case "histogram_fraction": return .vector(try histogramFraction(node))
        case "clamp", "clamp_min", "clamp_max": return .vector(try clamp(node))
        case "round": return .vector(try round(node))
        case "day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute",
            "month", "year":
            return .vector(try date(node))
        default: break
        }
        if PromQLFunction.nativeHistogramOnly.contains(name) {
            // They pass over samples that are numbers.
            _ = try vector(node.arguments[0])
            return .vector([])
        }
        guard let function = ElementwiseFunctions.named(name) else {
            throw .execution("unknown function \(name)")
        }
        let columns = try vector(node.arguments[0])
        return .vector(try unique(columns.map { mapped($0, function) }))
    }

    private func scalarOfVector(_ node: FunctionCall) throws(QueryError) -> [Double] {
        var counts = [Int](repeating: 0, count: grid.count)
        var values = [Double](repeating: StaleMarker.normalNaN, count: grid.count)
        for column in try vector(node.arguments[0]) {
            for (step, value) in column.values.enumerated() where Column.isPresent(value) {
                counts[step] += 1
                values[step] = counts[step] == 1 ? value : StaleMarker.normalNaN
            }
        }
        return values
    }

    private func timestamps(_ node: FunctionCall) throws(QueryError) -> [Column] {
        if case .vector(let selector) = node.arguments[0].unwrapped {
            return try selectTimestamps(selector)
        }
        let columns = try vector(node.arguments[0]).map { column in
            var result = withoutName(column)
            for step in result.values.indices where Column.isPresent(result.values[step]) {
                result.values[step] = Double(grid.time(step)) / 1_000
            }
            return result
        }
        return try unique(columns)
    }

    private func absent(_ node: FunctionCall) throws(QueryError) -> Column {
        var values = [Double](repeating: 1, count: grid.count)
        for column in try vector(node.arguments[0]) {
            for (step, value) in column.values.enumerated() where Column.isPresent(value) {
                values[step] = Column.absent
            }
        }
        return Column(
            labels: Evaluator.labelsForAbsent(node.arguments[0]), dropsName: false,
            values: values)
    }

    /// Sorts by value at a single step; over several steps an order means nothing.
    private func sorted(
        _ node: FunctionCall, descending: Bool
    ) throws(QueryError) -> [Column] {
        let columns = try vector(node.arguments[0])
        guard grid.count == 1 else { return columns }
        return Evaluator.stablySorted(columns.filter { !$0.isEmpty }) { a, b in
            let (x, y) = (a.values[0], b.values[0])
            if x.isNaN || y.isNaN { return !x.isNaN && y.isNaN }
            return descending ? x > y : x < y
        }
    }

    private func sortedByLabel(
        _ node: FunctionCall, descending: Bool
    ) throws(QueryError) -> [Column] {
        let columns = try vector(node.arguments[0])
        var names: [String] = []
        for argument in node.arguments.dropFirst() { names.append(try string(argument).text) }
        guard grid.count == 1 else { return columns }
        return Evaluator.stablySorted(columns) { a, b in
            for name in names {
                let (x, y) = (a.labels[name], b.labels[name])
                if x == y { continue }
                return NaturalOrder.precedes(x, y) != descending
            }
            return descending ? b.labels < a.labels : a.labels < b.labels
        }
    }

    static func stablySorted<T>(_ elements: [T], by precedes: (T, T) -> Bool) -> [T] {
        elements.enumerated().sorted { a, b in
            if precedes(a.element, b.element) { return true }
            if precedes(b.element, a.element) { return false }
            return a.offset < b.offset
        }.map(\.element)
    }

    private func clamp(_ node: FunctionCall) throws(QueryError) -> [Column] {
        let columns = try vector(node.arguments[0])
        let first = try scalar(node.arguments[1])
        let infinite = [Double](repeating: .infinity, count: grid.count)
        let low: [Double]
        let high: [Double]
        switch node.function.name {
        case "clamp_min": (low, high) = (first, infinite)
        case "clamp_max": (low, high) = (infinite.map { -$0 }, first)
        default: (low, high) = (first, try scalar(node.arguments[2]))
        }
        return try unique(
            columns.map { column in
                var result = withoutName(column)
                for step in result.values.indices where Column.isPresent(result.values[step]) {
                    let value = result.values[step]
                    if high[step] < low[step] {
                        result.values[step] = Column.absent
                    } else {
                        let capped = ElementwiseFunctions.minimum(high[step], value)
                        result.values[step] = ElementwiseFunctions.maximum(low[step], capped)
                    }
                }
                return result
            })
    }

    private func round(_ node: FunctionCall) throws(QueryError) -> [Column] {
        let columns = try vector(node.arguments[0])
        let nearest =
            node.arguments.count > 1
            ? try scalar(node.arguments[1]) : [Double](repeating: 1, count: grid.count)
        return try unique(
            columns.map { column in
                var result = withoutName(column)
                for step in result.values.indices where Column.isPresent(result.values[step]) {
                    let inverse = 1 / nearest[step]
                    let value = result.values[step] * inverse + 0.5
                    result.values[step] = value.rounded(.down) / inverse
                }
                return result
            })
    }

    private func date(_ node: FunctionCall) throws(QueryError) -> [Column] {
        let part = DatePart(node.function.name)
        guard let argument = node.arguments.first else {
            let values = (0..<grid.count).map {
                part.value(at: grid.time($0) / 1_000)
            }
            return [Column(labels: .empty, dropsName: false, values: values)]
        }
        let columns = try vector(argument)
        return try unique(
            columns.map { column in
                mapped(column) { part.value(at: DatePart.seconds($0)) }
            })
    }
}
