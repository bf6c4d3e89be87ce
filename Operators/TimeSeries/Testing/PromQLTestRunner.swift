/// Runs promqltest files against a ``QueryEngine``.
///
/// As Prometheus's own runner does, an instant query is also evaluated with every selector pinned
/// by `@` at other times, and as the middle step of a range query.
public struct PromQLTestRunner {
    /// What became of one evaluation.
    public struct Outcome: Sendable {
        /// The line of the command, from 1.
        public let line: Int
        /// The expression.
        public let query: String
        /// What was wrong, or `nil`.
        public let fault: String?
        /// Whether the input or the expected output has a native histogram.
        public let hasNativeHistogram: Bool
    }

    /// The outcomes so far, in order.
    public private(set) var outcomes: [Outcome] = []
    private var engine: QueryEngine
    private var source = MemorySource()
    /// The series loaded that have native histograms, of which only the labels are kept.
    private var nativeSeries: [Labels] = []

    /// Starts without series.
    public init() {
        var options = EngineOptions()
        options.delaysNameRemoval = true
        engine = QueryEngine(options: options)
    }

    /// The evaluations that concern native histograms in no way.
    public var relevant: [Outcome] { outcomes.filter { !$0.hasNativeHistogram } }
    /// Those of them that went wrong.
    public var failures: [Outcome] { relevant.filter { $0.fault != nil } }

    /// Runs a file.
    public mutating func run(_ file: PromQLTestFile) {
        for command in file.commands {
            switch command {
            case .clear:
                source = MemorySource()
                nativeSeries = []
            case .load(let step, let series, let addsNativeHistograms):
                load(series, step: step)
                if addsNativeHistograms { nativeSeries += series.compactMap { histogram(of: $0) } }
            case .evaluate(let test):
                outcomes.append(
                    Outcome(
                        line: test.line, query: test.query, fault: fault(of: test),
                        hasNativeHistogram: concernsNativeHistograms(test)))
            }
        }
    }

    private mutating func load(_ series: [SeriesDescription], step: Int64) {
        for description in series {
            for (index, value) in description.values.enumerated() {
                if case .number(let number) = value {
                    source.insert(
                        Sample(Int64(index) * step, number), into: description.labels)
                }
            }
            if description.hasNativeHistogram { nativeSeries.append(description.labels) }
        }
    }

    /// The labels of the native histogram that a classic one's series would be made into.
    private func histogram(of series: SeriesDescription) -> Labels? {
        let name = series.labels.name
        guard let suffix = ["_bucket", "_count", "_sum"].first(where: name.hasSuffix) else {
            return nil
        }
        return series.labels.dropping([Labels.bucketBound])
            .setting(Labels.metricName, String(name.dropLast(suffix.count)))
    }

    /// Whether a selector sees a native histogram, or one is expected.
    private func concernsNativeHistograms(_ test: PromQLTestCase) -> Bool {
        if test.series.contains(where: \.hasNativeHistogram) { return true }
        guard let expression = try? Expression(parsing: test.query) else { return false }
        return PromQLTestRunner.selectors(in: expression).contains { selector in
            nativeSeries.contains { labels in selector.matchers.allSatisfy { $0.matches(labels) } }
        }
    }

    static func selectors(in expression: Expression) -> [VectorSelector] {
        if case .vector(let selector) = expression { return [selector] }
        return expression.children.flatMap(selectors)
    }

    private struct Mismatch: Error {
        let message: String
    }

    private func fault(of test: PromQLTestCase) -> String? {
        do {
            let expression: Expression
            do {
                expression = try Expression(parsing: test.query)
            } catch {
                if test.mustFail, test.failure.holds("\(error)") { return nil }
                throw Mismatch(message: "\(error)")
            }
            if test.isRange {
                try checkRange(test, expression)
            } else {
                try checkInstant(test, expression, at: test.start)
                for (pinned, time) in PinnedQuery.variants(of: expression, at: test.start) {
                    try checkInstant(test, pinned, at: time)
                }
            }
            return nil
        } catch {
            return (error as? Mismatch)?.message ?? "\(error)"
        }
    }

    private func checkRange(
        _ test: PromQLTestCase, _ expression: Expression
    ) throws {
        let result: QueryResult
        do {
            result = try engine.rangeQuery(
                expression, from: test.start, through: test.end, step: test.step, over: source)
        } catch {
            return try check(failure: error, of: test)
        }
        try checkNoFailure(test)
        try checkAnnotations(result, test)
        guard case .matrix(let series) = result.value else {
            throw Mismatch(message: "a range query yielded no matrix")
        }
        try compare(series, test, StepGrid(start: test.start, end: test.end, step: test.step))
    }

    private func checkInstant(
        _ test: PromQLTestCase, _ expression: Expression, at time: Int64
    ) throws {
        let result: QueryResult
        do {
            result = try engine.instantQuery(expression, at: time, over: source)
        } catch {
            return try check(failure: error, of: test)
        }
        try checkNoFailure(test)
        try checkAnnotations(result, test)
        switch (result.value, test.expected) {
        case (.scalar(let sample), .scalar(let expected)):
            guard PromQLTestRunner.isClose(sample.value, expected) else {
                throw Mismatch(message: "expected \(expected), got \(sample.value)")
            }
        case (.string(let text), .string(let expected)):
            guard text == expected else {
                throw Mismatch(message: "expected \(expected), got \(text)")
            }
            return
        case (.vector(let vector), .series):
            try compare(vector, test, isOrdered: test.isOrdered)
        case (.matrix(let series), .series):
            guard let grid = test.pointGrid else {
                throw Mismatch(message: "a range of samples needs `expect range vector`")
            }
            let points = StepGrid(start: grid.start, end: grid.end, step: grid.step)
            return try compare(series, test, points)
        default: throw Mismatch(message: "unexpected type of result \(result.value)")
        }
        try checkMiddleStep(test, expression, at: time)
    }

    /// The same as one step among three.
    private func checkMiddleStep(
        _ test: PromQLTestCase, _ expression: Expression, at time: Int64
    ) throws {
        let dependsOnRange = ["start()", "end()", "step()"]
        if test.isOrdered || dependsOnRange.contains(where: test.query.contains) { return }
        let result = try engine.rangeQuery(
            expression, from: time - 60_000, through: time + 60_000, step: 60_000, over: source)
        guard case .matrix(let series) = result.value else { return }
        var vector: [VectorSample] = []
        for one in series {
            for point in one.points where point.timestamp == time {
                vector.append(VectorSample(labels: one.labels, sample: point))
            }
        }
        if case .scalar(let expected) = test.expected {
            guard let value = vector.first?.sample.value,
                PromQLTestRunner.isClose(value, expected)
            else { throw Mismatch(message: "as a range: expected \(expected)") }
        } else {
            do {
                try compare(vector, test, isOrdered: false)
            } catch let mismatch as Mismatch {
                throw Mismatch(message: "as a range: \(mismatch.message)")
            }
        }
    }

    private func check(failure: QueryError, of test: PromQLTestCase) throws {
        guard test.mustFail else { throw Mismatch(message: "failed: \(failure)") }
        guard test.failure.holds("\(failure)") else {
            throw Mismatch(message: "failed otherwise: \(failure); expected \(test.failure)")
        }
    }

    private func checkNoFailure(_ test: PromQLTestCase) throws {
        if test.mustFail { throw Mismatch(message: "did not fail") }
    }

    private func checkAnnotations(_ result: QueryResult, _ test: PromQLTestCase) throws {
        let sides = [
            (result.warnings, test.warnings, test.mustWarn, test.mustNotWarn, "warning"),
            (result.infos, test.infos, test.mustInform, test.mustNotInform, "info"),
        ]
        for (found, expected, must, mustNot, name) in sides {
            let texts = found.map(\.description)
            if must || !expected.isEmpty, texts.isEmpty {
                throw Mismatch(message: "expected \(name) annotations, got none")
            }
            if mustNot, let first = texts.first {
                throw Mismatch(message: "unexpected \(name): \(first)")
            }
            if expected.isEmpty { continue }
            for text in texts where !expected.contains(where: { $0.holds(text) }) {
                throw Mismatch(message: "unexpected \(name): \(text)")
            }
            for condition in expected where !texts.contains(where: condition.holds) {
                throw Mismatch(message: "no \(name) like \(condition), got \(texts)")
            }
        }
    }

    private func compare(
        _ vector: [VectorSample], _ test: PromQLTestCase, isOrdered: Bool
    ) throws {
        guard case .series = test.expected else {
            throw Mismatch(message: "expected a scalar, got a vector")
        }
        var expected: [Labels: (place: Int, value: Double)] = [:]
        for (place, one) in test.series.enumerated() {
            guard case .number(let value)? = one.values.first else { continue }
            expected[one.labels] = (place, value)
        }
        for (place, sample) in vector.enumerated() {
            guard let wanted = expected.removeValue(forKey: sample.labels) else {
                throw Mismatch(message: "unexpected \(sample.labels) \(sample.sample.value)")
            }
            if isOrdered, wanted.place != place {
                throw Mismatch(message: "\(sample.labels) at place \(place), not \(wanted.place)")
            }
            guard PromQLTestRunner.isClose(sample.sample.value, wanted.value) else {
                throw Mismatch(
                    message: "expected \(wanted.value) for \(sample.labels), got "
                        + "\(sample.sample.value)")
            }
        }
        if let missing = expected.keys.min() { throw Mismatch(message: "\(missing) not found") }
    }

    private func compare(
        _ series: [MatrixSeries], _ test: PromQLTestCase, _ grid: StepGrid
    ) throws {
        var expected: [Labels: [Sample]] = [:]
        for one in test.series {
            var points: [Sample] = []
            for (index, value) in one.values.enumerated() {
                if case .number(let number) = value {
                    points.append(Sample(grid.time(index), number))
                }
            }
            expected[one.labels] = points
        }
        for one in series {
            guard let points = expected.removeValue(forKey: one.labels) else {
                throw Mismatch(message: "unexpected \(one.labels) \(one.points)")
            }
            let isEqual =
                points.count == one.points.count
                && zip(points, one.points).allSatisfy {
                    $0.timestamp == $1.timestamp
                        && PromQLTestRunner.isClose($1.value, $0.value)
                }
            guard isEqual else {
                throw Mismatch(message: "expected \(points) for \(one.labels), got \(one.points)")
            }
        }
        if let missing = expected.keys.min() { throw Mismatch(message: "\(missing) not found") }
    }

    /// Whether two values differ by less than a millionth of their sum.
    static func isClose(_ a: Double, _ b: Double) -> Bool {
        Arithmetic.isClose(a, b, within: 0.000_001)
    }
}
