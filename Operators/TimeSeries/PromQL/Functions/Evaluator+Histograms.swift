extension Evaluator {
    /// The series of one histogram, told apart by `le`.
    private struct Group {
        var labels: Labels
        var dropsName: Bool
        var bounds: [Double]
        var columns: [[Double]]
    }

    private func groups(_ argument: Expression) throws(QueryError) -> [Group] {
        var places: [Labels: Int] = [:]
        var groups: [Group] = []
        for column in try vector(argument) {
            let text = column.labels[Labels.bucketBound]
            guard !text.isEmpty, let bound = PromQLText.parseBound(text) else {
                if !column.isEmpty {
                    context.annotate(
                        .badBucketLabel(column.labels.name, text, argument.range))
                }
                continue
            }
            // The name is part of the key: histograms of two metrics never mix.
            let key = column.labels.dropping([Labels.bucketBound])
            if let place = places[key] {
                groups[place].bounds.append(bound)
                groups[place].columns.append(column.values)
            } else {
                places[key] = groups.count
                groups.append(
                    Group(
                        labels: key, dropsName: true, bounds: [bound], columns: [column.values]))
            }
        }
        return groups
    }

    private func calculated(
        _ argument: Expression, _ value: (inout ClassicHistogram, Int, Labels) -> Double
    ) throws(QueryError) -> [Column] {
        var result: [Column] = []
        for group in try groups(argument) {
            var values = [Double](repeating: Column.absent, count: grid.count)
            for step in 0..<grid.count {
                var buckets: [ClassicHistogram.Bucket] = []
                for (index, bound) in group.bounds.enumerated() {
                    let count = group.columns[index][step]
                    guard Column.isPresent(count) else { continue }
                    buckets.append(.init(upperBound: bound, count: count))
                }
                guard !buckets.isEmpty else { continue }
                var histogram = ClassicHistogram(buckets: buckets)
                values[step] = value(&histogram, step, group.labels)
            }
            let column = Column(labels: group.labels, dropsName: true, values: values)
            if !column.isEmpty { result.append(withoutName(column)) }
        }
        return try unique(result)
    }

    /// `histogram_quantile(q, buckets)` over classic buckets.
    func histogramQuantile(_ node: FunctionCall) throws(QueryError) -> [Column] {
        let quantiles = try scalar(node.arguments[0])
        for q in quantiles where q.isNaN || q < 0 || q > 1 {
            context.annotate(.invalidQuantile(q, node.arguments[0].range))
        }
        return try calculated(node.arguments[1]) { histogram, step, labels in
            let (value, forced) = histogram.quantile(quantiles[step])
            if forced {
                let name = context.options.delaysNameRemoval ? labels.name : ""
                context.annotate(.forcedMonotonicity(name, node.arguments[1].range))
            }
            return value
        }
    }

    /// `histogram_fraction(lower, upper, buckets)` over classic buckets.
    func histogramFraction(_ node: FunctionCall) throws(QueryError) -> [Column] {
        let lower = try scalar(node.arguments[0])
        let upper = try scalar(node.arguments[1])
        return try calculated(node.arguments[2]) { histogram, step, _ in
            histogram.fraction(lower[step], upper[step])
        }
    }
}
