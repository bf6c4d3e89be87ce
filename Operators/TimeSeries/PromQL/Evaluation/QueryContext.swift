/// What the parts of one evaluation share: limits, annotations, and the caller's wish to stop.
final class QueryContext {
    let source: any SampleSource
    let options: EngineOptions
    /// The first and last step of the query, for `start()` and `end()`.
    let start: Int64
    let end: Int64
    /// The step of the query, for `step()`.
    let step: Int64
    private let interrupt: (() -> QueryInterruption?)?
    private(set) var annotations: [Annotation] = []
    private var seen: Set<String> = []
    private(set) var peakSamples = 0
    /// How many samples are held now.
    var liveSamples = 0

    init(
        source: any SampleSource, options: EngineOptions, grid: StepGrid,
        interrupt: (() -> QueryInterruption?)?
    ) {
        self.source = source
        self.options = options
        start = grid.start
        end = grid.last
        step = grid.step
        self.interrupt = interrupt
    }

    /// Adds a remark that was not made yet.
    func annotate(_ annotation: Annotation) {
        guard seen.insert(annotation.description).inserted else { return }
        annotations.append(annotation)
    }

    /// Counts samples that are about to be held.
    func charge(_ count: Int) throws(QueryError) {
        liveSamples += count
        peakSamples = max(peakSamples, liveSamples)
        if liveSamples > options.sampleLimit {
            throw .tooManySamples(limit: options.sampleLimit)
        }
    }

    /// Counts the values of columns that are about to be held.
    func charge(_ columns: [Column]) throws(QueryError) {
        try charge(columns.reduce(0) { $0 + $1.presentCount })
    }

    /// How many samples of windows a series may take until the interrupt is asked again.
    static let samplesBetweenCheckpoints = 1 << 20

    /// Stops where the caller asked for it; called once a series or node, and within long series.
    func checkpoint() throws(QueryError) {
        if let why = interrupt?() { throw .interrupted(why) }
    }

    func select(_ selection: SeriesSelection) throws(QueryError) -> [SelectedSeries] {
        do {
            return try source.select(selection)
        } catch {
            throw .source(error)
        }
    }

    func samples(of series: SelectedSeries) throws(QueryError) -> SampleColumns {
        do {
            return try series.samples()
        } catch {
            throw .source(error)
        }
    }

    func milliseconds(
        _ duration: DurationExpression, mayBeNegative: Bool = false
    ) throws(QueryError) -> Int64 {
        do {
            return try duration.milliseconds(step: step, mayBeNegative: mayBeNegative)
        } catch {
            throw .execution(error.message)
        }
    }

    /// The milliseconds of an `offset`, 0 without one.
    func offset(_ time: TimeModifier) throws(QueryError) -> Int64 {
        guard let offset = time.offset else { return 0 }
        return try milliseconds(offset, mayBeNegative: true)
    }

    /// The fixed time of an `@`, or `nil` without one.
    func fixedTime(_ time: TimeModifier) -> Int64? {
        switch time.at {
        case .time(let milliseconds): milliseconds
        case .start: start
        case .end: end
        case nil: nil
        }
    }
}
