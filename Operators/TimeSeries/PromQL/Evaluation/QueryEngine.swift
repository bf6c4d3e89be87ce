/// Evaluates PromQL over a ``SampleSource``.
///
/// A pure function of the expression, the times and the samples: no clock, no I/O, no thread. A
/// range query evaluates every node of the expression once, for all steps: each series becomes a
/// column of values, windows slide over samples that are selected once, and an aggregation of a
/// range function takes in its series one by one, so that only the groups are held.
public struct QueryEngine: Sendable {
    /// How the engine evaluates, and its limits.
    public var options: EngineOptions

    /// Makes an engine.
    public init(options: EngineOptions = EngineOptions()) {
        self.options = options
    }

    /// Evaluates an expression at one time.
    ///
    /// - Parameters:
    ///   - query: PromQL.
    ///   - time: milliseconds since 1970.
    ///   - source: where the series come from.
    ///   - interrupt: asked often; what it returns ends the query.
    public func instantQuery(
        _ query: String, at time: Int64, over source: any SampleSource,
        interrupt: (() -> QueryInterruption?)? = nil
    ) throws(QueryError) -> QueryResult {
        try instantQuery(try parse(query), at: time, over: source, interrupt: interrupt)
    }

    /// Evaluates an expression at one time; see ``instantQuery(_:at:over:interrupt:)``.
    public func instantQuery(
        _ expression: Expression, at time: Int64, over source: any SampleSource,
        interrupt: (() -> QueryInterruption?)? = nil
    ) throws(QueryError) -> QueryResult {
        let grid = StepGrid(at: time)
        let context = QueryContext(
            source: source, options: options, grid: grid, interrupt: interrupt)
        let evaluator = Evaluator(context: context, grid: grid)
        let value: QueryValue
        if expression.type == .matrix {
            value = .matrix(try evaluator.rawMatrix(expression.unwrapped))
        } else {
            switch try evaluator.evaluate(expression) {
            case .scalar(let values): value = .scalar(Sample(time, values[0]))
            case .string(let literal): value = .string(literal.text)
            case .vector(let columns):
                let final = try evaluator.finish(columns)
                value = .vector(
                    final.compactMap {
                        Column.isPresent($0.values[0])
                            ? VectorSample(labels: $0.labels, sample: Sample(time, $0.values[0]))
                            : nil
                    })
            }
        }
        return QueryResult(
            value: value, annotations: context.annotations, peakSamples: context.peakSamples)
    }

    /// Evaluates an expression at every step from `start` to `end`, all in milliseconds.
    public func rangeQuery(
        _ query: String, from start: Int64, through end: Int64, step: Int64,
        over source: any SampleSource, interrupt: (() -> QueryInterruption?)? = nil
    ) throws(QueryError) -> QueryResult {
        try rangeQuery(
            try parse(query), from: start, through: end, step: step, over: source,
            interrupt: interrupt)
    }

    /// Evaluates an expression at every step; see ``rangeQuery(_:from:through:step:over:interrupt:)``.
    public func rangeQuery(
        _ expression: Expression, from start: Int64, through end: Int64, step: Int64,
        over source: any SampleSource, interrupt: (() -> QueryInterruption?)? = nil
    ) throws(QueryError) -> QueryResult {
        guard step > 0 else {
            throw .invalidRange("zero or negative query resolution step widths are not accepted")
        }
        guard end >= start else {
            throw .invalidRange("end timestamp must not be before start time")
        }
        guard expression.type == .vector || expression.type == .scalar else {
            throw .execution(
                "invalid expression type \(PromQLText.quoted(expression.type.documented)) for "
                    + "range query, must be Scalar or instant Vector")
        }
        let grid = StepGrid(start: start, end: end, step: step)
        guard grid.count <= options.stepLimit else {
            throw .tooManySteps(limit: options.stepLimit)
        }
        let context = QueryContext(
            source: source, options: options, grid: grid, interrupt: interrupt)
        let evaluator = Evaluator(context: context, grid: grid)
        let columns: [Column]
        switch try evaluator.evaluate(expression) {
        case .scalar(let values):
            columns = [Column(labels: .empty, dropsName: false, values: values)]
        case .vector(let found): columns = try evaluator.finish(found)
        case .string: columns = []
        }
        var series = columns.map { MatrixSeries(labels: $0.labels, points: grid.points($0.values)) }
        series.removeAll { $0.points.isEmpty }
        series.sort { $0.labels < $1.labels }
        return QueryResult(
            value: .matrix(series), annotations: context.annotations,
            peakSamples: context.peakSamples)
    }

    private func parse(_ query: String) throws(QueryError) -> Expression {
        do {
            return try Expression(parsing: query, options: options.parser)
        } catch {
            throw .syntax(error)
        }
    }
}

extension StepGrid {
    /// The steps that have a value.
    func points(_ values: [Double]) -> [Sample] {
        var points: [Sample] = []
        points.reserveCapacity(values.count)
        for (index, value) in values.enumerated() where Column.isPresent(value) {
            points.append(Sample(time(index), value))
        }
        return points
    }
}
