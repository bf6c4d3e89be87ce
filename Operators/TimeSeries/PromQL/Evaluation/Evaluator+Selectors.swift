extension Evaluator {
    /// The columns of an instant selector.
    func select(_ selector: VectorSelector) throws(QueryError) -> [Column] {
        var columns: [Column] = []
        try forEachSelected(selector) { (series, samples) throws(QueryError) in
            let values = instantValues(samples, of: selector, fixed: nil)
            let column = Column(labels: series.labels, dropsName: false, values: values.values)
            if values.count > 0 {
                try context.charge(values.count)
                columns.append(column)
            }
        }
        return columns
    }

    /// `timestamp(selector)`: the times of the samples, in seconds.
    func selectTimestamps(_ selector: VectorSelector) throws(QueryError) -> [Column] {
        var columns: [Column] = []
        let offset = try context.offset(selector.time)
        let fixed = context.fixedTime(selector.time)
        try forEachSelected(selector) { (series, samples) throws(QueryError) in
            var values = [Double](repeating: Column.absent, count: grid.count)
            var cursor = InstantCursor(samples, lookback: context.options.lookback)
            var found = 0
            for step in 0..<grid.count {
                let reference = (fixed ?? grid.time(step)).subtractingClamped(offset)
                guard let index = cursor.seek(reference) else { continue }
                values[step] = Double(samples.timestamps[index]) / 1_000
                found += 1
            }
            guard found > 0 else { return }
            try context.charge(found)
            columns.append(
                withoutName(Column(labels: series.labels, dropsName: false, values: values)))
        }
        return try unique(columns)
    }

    /// Visits the series that a selector finds for this grid, decoded one by one.
    func forEachSelected(
        _ selector: VectorSelector,
        _ body: (SelectedSeries, SampleColumns) throws(QueryError) -> Void
    ) throws(QueryError) {
        let offset = try context.offset(selector.time)
        let fixed = context.fixedTime(selector.time)
        let first = (fixed ?? grid.start).subtractingClamped(offset)
        let last = (fixed ?? grid.last).subtractingClamped(offset)
        guard grid.count > 0 else { return }
        let low = first.subtractingClamped(context.options.lookback - 1)
        let selection = SeriesSelection(
            matchers: selector.matchers, range: min(low, last)...last,
            step: fixed == nil && grid.count > 1 ? grid.step : 0)
        for series in try context.select(selection) {
            try context.checkpoint()
            try body(series, try context.samples(of: series))
        }
    }

    /// The value at every step: the newest sample not older than the lookback, unless it is stale.
    func instantValues(
        _ samples: SampleColumns, of selector: VectorSelector, fixed: Int64?
    ) -> (values: [Double], count: Int) {
        var values = [Double](repeating: Column.absent, count: grid.count)
        let offset = (try? context.offset(selector.time)) ?? 0
        let fixed = context.fixedTime(selector.time)
        var cursor = InstantCursor(samples, lookback: context.options.lookback)
        var count = 0
        for step in 0..<grid.count {
            let reference = (fixed ?? grid.time(step)).subtractingClamped(offset)
            guard let index = cursor.seek(reference) else { continue }
            values[step] = samples.values[index]
            count += 1
        }
        return (values, count)
    }

    /// The raw samples of a range selector or subquery at the one step of this grid.
    func rawMatrix(_ expression: Expression) throws(QueryError) -> [MatrixSeries] {
        var result: [MatrixSeries] = []
        try forEachRange(expression, function: nil) { (range) throws(QueryError) in
            let (low, high) = range.window(at: 0, grid: grid)
            guard low < high else { return }
            try context.charge(high - low)
            var labels = range.labels
            if range.dropsName { labels = labels.droppingMetadata }
            result.append(
                MatrixSeries(
                    labels: labels,
                    points: (low..<high).map {
                        Sample(range.samples.timestamps[$0], range.samples.values[$0])
                    }))
        }
        return result.sorted { $0.labels < $1.labels }
    }

    /// Visits the series of a range selector or subquery, with the samples of all windows.
    func forEachRange(
        _ expression: Expression, function: String?,
        _ body: (RangeInput) throws(QueryError) -> Void
    ) throws(QueryError) {
        guard grid.count > 0 else { return }
        switch expression.unwrapped {
        case .range(let node):
            let width = try context.milliseconds(node.width)
            let offset = try context.offset(node.selector.time)
            let fixed = context.fixedTime(node.selector.time)
            let first = (fixed ?? grid.start).subtractingClamped(offset)
            let last = (fixed ?? grid.last).subtractingClamped(offset)
            // The window is open on its left: a sample exactly `width` old is outside.
            let low = first.subtractingClamped(width - 1)
            let selection = SeriesSelection(
                matchers: node.selector.matchers, range: min(low, last)...last,
                step: fixed == nil && grid.count > 1 ? grid.step : 0, function: function,
                window: width)
            for series in try context.select(selection) {
                try context.checkpoint()
                let samples = try context.samples(of: series).droppingStale()
                try body(
                    RangeInput(
                        labels: series.labels, dropsName: false, samples: samples, width: width,
                        offset: offset, fixed: fixed))
            }
        case .subquery(let node): try forEachSubqueryRange(node, body)
        default: throw .execution("expected a range vector")
        }
    }

    private func forEachSubqueryRange(
        _ node: Subquery, _ body: (RangeInput) throws(QueryError) -> Void
    ) throws(QueryError) {
        let width = try context.milliseconds(node.width)
        let offset = try context.offset(node.time)
        let fixed = context.fixedTime(node.time)
        let step =
            try node.step.map { (duration) throws(QueryError) in
                try context.milliseconds(duration)
            } ?? context.options.defaultSubqueryStep
        guard step > 0 else { throw .execution("a subquery's step must be at least 1 ms") }
        let first = (fixed ?? grid.start).subtractingClamped(offset).subtractingClamped(width)
        let last = (fixed ?? grid.last).subtractingClamped(offset)
        // Steps are multiples of the step's width, the first one after the window's open end.
        let (quotient, _) = first.quotientAndFlooredRemainder(step)
        let (product, overflow) = (quotient + 1).multipliedReportingOverflow(by: step)
        guard !overflow else { throw .execution("a subquery's time is out of range") }
        let inner = StepGrid(start: product, end: last, step: step)
        guard inner.count <= context.options.subqueryStepLimit else {
            throw .tooManySteps(limit: context.options.subqueryStepLimit)
        }
        guard inner.count > 0 else { return }
        let evaluator = Evaluator(context: context, grid: inner)
        for column in try evaluator.vector(node.expression) {
            try context.checkpoint()
            var samples = SampleColumns(capacity: inner.count)
            for (index, value) in column.values.enumerated() where Column.isPresent(value) {
                samples.appendLast(inner.time(index), value)
            }
            try body(
                RangeInput(
                    labels: column.labels, dropsName: column.dropsName, samples: samples,
                    width: width, offset: offset, fixed: fixed))
        }
    }
}

/// A series with the samples that all windows of a range need.
struct RangeInput {
    let labels: Labels
    let dropsName: Bool
    let samples: SampleColumns
    let width: Int64
    let offset: Int64
    let fixed: Int64?

    /// The right end of a step's window.
    @inline(__always)
    func end(_ step: Int, grid: StepGrid) -> Int64 {
        (fixed ?? grid.time(step)).subtractingClamped(offset)
    }

    /// The places of the samples in a step's window, found by search.
    func window(at step: Int, grid: StepGrid) -> (Int, Int) {
        let end = end(step, grid: grid)
        let low = samples.firstIndex(atOrAfter: end.subtractingClamped(width - 1))
        let high = end == .max ? samples.count : samples.firstIndex(atOrAfter: end + 1)
        return (low, high)
    }
}

/// Finds the sample that an instant selector sees, for times that mostly grow.
struct InstantCursor {
    private let samples: SampleColumns
    private let lookback: Int64
    /// The place behind the newest sample that is not later than the last time.
    private var next = 0

    init(_ samples: SampleColumns, lookback: Int64) {
        self.samples = samples
        self.lookback = lookback
    }

    /// The place of the sample, or `nil` when it is too old, stale or not there.
    @inline(__always)
    mutating func seek(_ reference: Int64) -> Int? {
        let count = samples.count
        while next < count, samples.timestamps[next] <= reference { next += 1 }
        while next > 0, samples.timestamps[next - 1] > reference { next -= 1 }
        guard next > 0 else { return nil }
        // The lookback is open on its left.
        guard samples.timestamps[next - 1] > reference.subtractingClamped(lookback) else {
            return nil
        }
        return StaleMarker.isStale(samples.values[next - 1]) ? nil : next - 1
    }
}

extension SampleColumns {
    /// The samples without stale markers, which no range of samples shows.
    func droppingStale() -> SampleColumns {
        guard values.contains(where: StaleMarker.isStale) else { return self }
        var result = SampleColumns(capacity: count)
        for index in 0..<count where !StaleMarker.isStale(values[index]) {
            result.appendLast(timestamps[index], values[index])
        }
        return result
    }
}

extension Int64 {
    /// The difference, held at the ends of the axis.
    @inline(__always)
    func subtractingClamped(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }

    /// Quotient rounded down, and the remainder.
    func quotientAndFlooredRemainder(_ divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
