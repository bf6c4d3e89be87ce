extension Evaluator {
    /// The functions of a range of samples, by name.
    static let rangeFunctions: Set<String> = Set(
        PromQLFunction.all.filter { $0.arguments.contains(.matrix) }.map(\.name))

    /// A function of a range of samples, as columns.
    func callOverRange(_ node: FunctionCall) throws(QueryError) -> [Column] {
        if node.function.name == "absent_over_time" { return try absentOverTime(node) }
        var columns: [Column] = []
        try forEachRangeColumn(node) { (labels, dropsName, values) throws(QueryError) in
            let column = Column(labels: labels, dropsName: dropsName, values: values)
            let count = column.presentCount
            guard count > 0 else { return }
            try context.charge(count)
            columns.append(column)
        }
        return try unique(columns, strictly: !context.options.delaysNameRemoval)
    }

    /// Visits the columns of a function of a range, one series at a time; the array is reused.
    func forEachRangeColumn(
        _ node: FunctionCall,
        _ body: (Labels, _ dropsName: Bool, _ values: [Double]) throws(QueryError) -> Void
    ) throws(QueryError) {
        guard let place = node.arguments.firstIndex(where: { $0.type == .matrix }) else {
            throw .execution("expected a range vector")
        }
        var scalars: [[Double]] = []
        for (index, argument) in node.arguments.enumerated() where index != place {
            scalars.append(try scalar(argument))
        }
        let visit = RangeVisit(
            evaluator: self, node: node, argument: node.arguments[place])
        switch node.function.name {
        case "rate": try visit.run(ExtrapolatedRate(isCounter: true, isRate: true), body)
        case "increase": try visit.run(ExtrapolatedRate(isCounter: true, isRate: false), body)
        case "delta": try visit.run(ExtrapolatedRate(isCounter: false, isRate: false), body)
        case "irate": try visit.run(InstantRate(isRate: true), body)
        case "idelta": try visit.run(InstantRate(isRate: false), body)
        case "resets": try visit.run(StepCount(countsResets: true), body)
        case "changes": try visit.run(StepCount(countsResets: false), body)
        case "deriv": try visit.run(LinearRegression(ahead: nil), body)
        case "predict_linear": try visit.run(LinearRegression(ahead: scalars[0]), body)
        case "quantile_over_time": try visit.runQuantile(scalars[0], node.arguments[0].range, body)
        case "double_exponential_smoothing":
            try visit.runSmoothing(scalars[0], scalars[1], body)
        default: try visitOverTime(visit, body)
        }
    }

    /// The functions without parameters whose names end in `_over_time`; apart from the others, as
    /// what a subquery nests in should take little of the stack.
    private func visitOverTime(
        _ visit: RangeVisit, _ body: (Labels, Bool, [Double]) throws(QueryError) -> Void
    ) throws(QueryError) {
        switch visit.node.function.name {
        case "sum_over_time": try visit.run(SumOverTime(), body)
        case "avg_over_time": try visit.run(AverageOverTime(), body)
        case "min_over_time":
            try visit.run(ExtremeOverTime(isMaximum: false, yieldsTime: false), body)
        case "max_over_time":
            try visit.run(ExtremeOverTime(isMaximum: true, yieldsTime: false), body)
        case "ts_of_min_over_time":
            try visit.run(ExtremeOverTime(isMaximum: false, yieldsTime: true), body)
        case "ts_of_max_over_time":
            try visit.run(ExtremeOverTime(isMaximum: true, yieldsTime: true), body)
        case "stdvar_over_time": try visit.run(VarianceOverTime(isDeviation: false), body)
        case "stddev_over_time": try visit.run(VarianceOverTime(isDeviation: true), body)
        case "mad_over_time": try visit.run(MedianDeviationOverTime(), body)
        case "count_over_time": try visit.run(EdgeOfWindow(kind: .count), body)
        case "present_over_time", "absent_over_time":
            try visit.run(EdgeOfWindow(kind: .present), body)
        case "last_over_time": try visit.run(EdgeOfWindow(kind: .last), keepsName: true, body)
        case "first_over_time": try visit.run(EdgeOfWindow(kind: .first), keepsName: true, body)
        case "ts_of_last_over_time": try visit.run(EdgeOfWindow(kind: .lastTime), body)
        case "ts_of_first_over_time": try visit.run(EdgeOfWindow(kind: .firstTime), body)
        default: throw .execution("unknown function \(visit.node.function.name)")
        }
    }

    /// 1 at the steps at which no series has a sample in its window.
    private func absentOverTime(_ node: FunctionCall) throws(QueryError) -> [Column] {
        var missing = [Double](repeating: 1, count: grid.count)
        try forEachRangeColumn(node) { (_, _, values) throws(QueryError) in
            for (step, value) in values.enumerated() where Column.isPresent(value) {
                missing[step] = Column.absent
            }
        }
        return [
            Column(
                labels: Evaluator.labelsForAbsent(node.arguments[0]), dropsName: true,
                values: missing)
        ]
    }

    /// The labels that a selector's equalities name.
    static func labelsForAbsent(_ expression: Expression) -> Labels {
        let matchers: [LabelMatcher]
        switch expression.unwrapped {
        case .vector(let node): matchers = node.matchers
        case .range(let node): matchers = node.selector.matchers
        default: return .empty
        }
        var labels = Labels.empty
        var named: Set<String> = []
        for matcher in matchers where matcher.name != Labels.metricName {
            // A label with two conditions has no single value to show.
            if matcher.kind == .equal, named.insert(matcher.name).inserted {
                labels = labels.setting(matcher.name, matcher.value)
            } else {
                labels = labels.setting(matcher.name, "")
            }
        }
        return labels
    }
}

/// One pass of a window function over the series of a range.
private struct RangeVisit {
    let evaluator: Evaluator
    let node: FunctionCall
    let argument: Expression

    func run<F: WindowFunction>(
        _ function: F, keepsName: Bool = false,
        _ body: (Labels, Bool, [Double]) throws(QueryError) -> Void
    ) throws(QueryError) {
        var function = function
        let grid = evaluator.grid
        let context = evaluator.context
        let isRate = node.function.name == "rate" || node.function.name == "increase"
        var output = [Double](repeating: Column.absent, count: grid.count)
        try evaluator.forEachRange(argument, function: node.function.name) {
            (input) throws(QueryError) in
            try context.charge(input.samples.count)
            try input.slide(&function, over: grid, into: &output, asking: context)
            context.liveSamples -= input.samples.count
            if isRate { note(input.labels, output) }
            var labels = input.labels
            if !keepsName, !context.options.delaysNameRemoval {
                labels = labels.droppingMetadata
            }
            // What a subquery is to lose at the end is lost also where the name would be kept.
            try body(labels, !keepsName || input.dropsName, output)
        }
    }

    /// Remarks on a metric that doesn't look like a counter.
    private func note(_ labels: Labels, _ values: [Double]) {
        let name = labels.name
        guard !name.isEmpty,
            !["_total", "_sum", "_count", "_bucket"].contains(where: name.hasSuffix),
            values.contains(where: Column.isPresent)
        else { return }
        evaluator.context.annotate(.possiblyNoCounter(name, argument.range))
    }

    func runQuantile(
        _ quantiles: [Double], _ range: SourceRange,
        _ body: (Labels, Bool, [Double]) throws(QueryError) -> Void
    ) throws(QueryError) {
        let context = evaluator.context
        try run(QuantileOverTime(quantiles: quantiles)) {
            (labels, dropsName, values) throws(QueryError) in
            for (step, value) in values.enumerated() where Column.isPresent(value) {
                let q = quantiles[step]
                if q.isNaN || q < 0 || q > 1 { context.annotate(.invalidQuantile(q, range)) }
            }
            try body(labels, dropsName, values)
        }
    }

    func runSmoothing(
        _ smoothing: [Double], _ trend: [Double],
        _ body: (Labels, Bool, [Double]) throws(QueryError) -> Void
    ) throws(QueryError) {
        for (values, name, short) in [(smoothing, "smoothing", "sf"), (trend, "trend", "tf")] {
            guard let bad = values.first(where: { $0 <= 0 || $0 >= 1 }) else { continue }
            // Only a series that has samples lets the factor matter.
            var hasSamples = false
            try evaluator.forEachRange(argument, function: nil) { (input) throws(QueryError) in
                for step in 0..<evaluator.grid.count where !hasSamples {
                    let (low, high) = input.window(at: step, grid: evaluator.grid)
                    hasSamples = low < high
                }
            }
            if hasSamples {
                throw .execution(
                    "invalid \(name) factor. Expected: 0 < \(short) < 1, got: "
                        + PromQLText.fixed(bad, places: 6))
            }
        }
        try run(DoubleExponentialSmoothing(smoothing: smoothing, trend: trend), body)
    }
}
