/// Series in memory: for tests, the command line and small data.
public struct MemorySource: SampleSource, Sendable {
    private var byLabels: [Labels: Int] = [:]
    private var stored: [Series] = []
    private var interner = LabelInterner()
    /// The places of the series of each metric name, which nearly every selector asks for.
    private var byName: [String: [Int]] = [:]

    /// Starts empty.
    public init() {}

    /// Starts with series; samples of equal label sets are merged.
    public init(_ series: some Sequence<Series>) {
        for one in series {
            if byLabels[one.labels] == nil {
                let index = place(of: one.labels)
                stored[index].samples = one.samples
            } else {
                for sample in one.samples.samples { insert(sample, into: one.labels) }
            }
        }
    }

    /// How many series there are.
    public var count: Int { stored.count }

    /// Every series, in the order in which they came.
    public var series: [Series] { stored }

    /// Adds a sample; one at a known time replaces it.
    public mutating func insert(_ sample: Sample, into labels: Labels) {
        let index = place(of: labels)
        stored[index].samples.insert(sample)
    }

    private mutating func place(of labels: Labels) -> Int {
        if let index = byLabels[labels] { return index }
        let index = stored.count
        let shared = interner.intern(labels)
        byLabels[shared] = index
        stored.append(Series(labels: shared, samples: SampleColumns()))
        byName[shared.name, default: []].append(index)
        return index
    }

    public func select(_ selection: SeriesSelection) -> [SelectedSeries] {
        let exactName = selection.matchers.first {
            $0.name == Labels.metricName && $0.kind == .equal
        }
        let candidates = exactName.map { byName[$0.value] ?? [] } ?? Array(stored.indices)
        var found: [SelectedSeries] = []
        for index in candidates {
            let series = stored[index]
            guard selection.matchers.allSatisfy({ $0.matches(series.labels) }) else { continue }
            found.append(SelectedSeries(labels: series.labels, samples: series.samples))
        }
        return found.sorted { $0.labels < $1.labels }
    }
}
