extension Evaluator {
    /// `topk`, `bottomk`, `limitk` and `limit_ratio`: some of the series, as they are.
    func selected(_ node: Aggregation) throws(QueryError) -> [Column] {
        guard let parameter = node.parameter else { return [] }
        let parameters = try scalar(parameter)
        let columns = try vector(node.expression)
        if grid.count == 0 { return [] }
        guard try check(parameters, node, parameter.range) else { return [] }
        var groups = GroupTable(node)
        var members: [[Int]] = []
        for (index, column) in columns.enumerated() {
            let place = groups.place(of: column.labels)
            if place == members.count { members.append([]) }
            members[place].append(index)
        }
        let offsets = node.op == .limitRatio ? columns.map { sampleOffset($0.labels) } : []
        var keeps = columns.map { _ in [Bool](repeating: false, count: grid.count) }
        var order: [Int] = []
        for step in 0..<grid.count {
            for group in members {
                let present = group.filter { Column.isPresent(columns[$0].values[step]) }
                let chosen: [Int]
                if node.op == .limitRatio {
                    let ratio = min(1, max(-1, parameters[step]))
                    chosen = ratio == 0 ? [] : present.filter { drawn(offsets[$0], ratio) }
                } else {
                    let most = parameters[step] < 1 ? 0 : Int(min(parameters[step], 1e9))
                    chosen = Array(
                        ranked(present, columns, step, node.op).prefix(min(most, columns.count)))
                }
                for index in chosen { keeps[index][step] = true }
                if grid.count == 1 { order += chosen }
            }
        }
        if grid.count == 1 { return order.map { columns[$0] } }
        return columns.indices.compactMap { index in
            var column = columns[index]
            for step in 0..<grid.count where !keeps[index][step] {
                column.values[step] = Column.absent
            }
            return column.isEmpty ? nil : column
        }
    }

    /// Checks the parameters of all steps; `false` when nothing can be selected.
    private func check(
        _ parameters: [Double], _ node: Aggregation, _ range: SourceRange
    ) throws(QueryError) -> Bool {
        let hasNaN = parameters.contains(where: \.isNaN)
        let least = parameters.min() ?? 0
        let greatest = parameters.max() ?? 0
        if node.op == .limitRatio {
            if !hasNaN, least == 0, greatest == 0 { return false }
            guard !hasNaN else { throw .execution("Ratio value is NaN") }
            if greatest > 1 { context.annotate(.invalidRatio(greatest, cappedTo: 1, range)) }
            if least < -1 { context.annotate(.invalidRatio(least, cappedTo: -1, range)) }
            return true
        }
        guard !hasNaN else { throw .execution("Parameter value is NaN") }
        guard least > -0x1p63 else {
            throw .execution(
                "Scalar value \(PromQLText.compactNumber(least, limit: 21)) underflows int64")
        }
        guard greatest < 0x1p63 else {
            throw .execution(
                "Scalar value \(PromQLText.compactNumber(greatest, limit: 21)) overflows int64")
        }
        return greatest >= 1
    }

    private func ranked(
        _ indices: [Int], _ columns: [Column], _ step: Int, _ op: Aggregation.Operator
    ) -> [Int] {
        if op == .limitk { return indices }
        return Evaluator.stablySorted(indices) { a, b in
            let (x, y) = (columns[a].values[step], columns[b].values[step])
            // A NaN is neither among the greatest nor among the least.
            if x.isNaN || y.isNaN { return !x.isNaN && y.isNaN }
            return op == .topk ? x > y : x < y
        }
    }

    /// Where a series lies between 0 and 1, by its hash.
    private func sampleOffset(_ labels: Labels) -> Double {
        Double(labels.stableHash) / 0x1p64
    }

    private func drawn(_ offset: Double, _ ratio: Double) -> Bool {
        ratio >= 0 ? offset < ratio : offset >= 1 + ratio
    }
}
