/// The rollups of one series at one resolution.
///
/// Window *n* covers the times in `(n·r, (n+1)·r]`, open on its left as PromQL's ranges are, so
/// that `sum_over_time(m[r])` at a multiple of the resolution `r` is one window.
///
/// A sample that comes late, or again with another value, makes its window be rebuilt from the raw
/// samples, in which the value that came last for a time counts: ``rebuild(containing:from:)``. What
/// the series holds is therefore a function of the raw samples alone, whatever their order of
/// arrival.
public struct RollupSeries: Sendable, Equatable {
    /// The width of a window in milliseconds, at least 1.
    public let resolution: Int64
    /// What each rollup keeps beyond its numbers.
    public let parts: Rollup.Parts
    /// The windows that have samples, by number, in order.
    private var numbers: [Int64] = []
    private var rollups: [Rollup] = []

    /// Starts without samples.
    public init(resolution: Int64, keeping parts: Rollup.Parts = []) {
        self.resolution = max(1, resolution)
        self.parts = parts
    }

    /// Rolls up raw samples.
    public init(_ samples: SampleColumns, resolution: Int64, keeping parts: Rollup.Parts = []) {
        self.init(resolution: resolution, keeping: parts)
        for index in 0..<samples.count { append(samples[index]) }
    }

    /// Rolls up finer rollups, whose resolution must divide this one.
    public init?(_ finer: RollupSeries, resolution: Int64) {
        guard resolution >= finer.resolution, resolution % finer.resolution == 0 else {
            return nil
        }
        self.init(resolution: resolution, keeping: finer.parts)
        let factor = resolution / finer.resolution
        for (number, rollup) in zip(finer.numbers, finer.rollups) {
            let (window, _) = number.quotientAndFlooredRemainder(factor)
            if numbers.last == window {
                rollups[rollups.count - 1].append(rollup)
            } else {
                numbers.append(window)
                rollups.append(rollup)
            }
        }
    }

    /// How many windows have samples.
    public var count: Int { numbers.count }

    /// The windows in order: each one's right end in milliseconds, and its rollup.
    public var windows: [(end: Int64, rollup: Rollup)] {
        zip(numbers, rollups).map { (end(of: $0), $1) }
    }

    private func end(of number: Int64) -> Int64 { (number &+ 1) &* resolution }

    /// The number of the window that a time lies in.
    private func number(_ timestamp: Int64) -> Int64 {
        let (quotient, remainder) = timestamp.quotientAndFlooredRemainder(resolution)
        return remainder == 0 ? quotient - 1 : quotient
    }

    /// Adds a sample that is later than all others; one that isn't is refused.
    ///
    /// - Returns: whether it was added. If not, its window has to be rebuilt.
    @discardableResult
    public mutating func append(_ sample: Sample) -> Bool {
        if StaleMarker.isStale(sample.value) { return true }
        if let last = rollups.last, last.last.timestamp >= sample.timestamp { return false }
        let window = number(sample.timestamp)
        if numbers.last == window {
            rollups[rollups.count - 1].append(sample)
        } else {
            numbers.append(window)
            rollups.append(Rollup(sample, keeping: parts))
        }
        return true
    }

    /// Builds the windows of the given times anew from raw samples.
    ///
    /// - Parameters:
    ///   - timestamps: times in the windows, in any order.
    ///   - samples: raw samples that hold at least those windows whole.
    public mutating func rebuild(
        containing timestamps: some Sequence<Int64>, from samples: SampleColumns
    ) {
        for window in Set(timestamps.map(number)).sorted() {
            let low = samples.firstIndex(atOrAfter: window &* resolution &+ 1)
            let high = samples.firstIndex(atOrAfter: end(of: window) &+ 1)
            let rollup = Rollup((low..<max(low, high)).lazy.map { samples[$0] }, keeping: parts)
            let place = firstPlace(atOrAfter: window)
            let isKnown = place < numbers.count && numbers[place] == window
            switch (rollup, isKnown) {
            case (let rollup?, true): rollups[place] = rollup
            case (let rollup?, false):
                numbers.insert(window, at: place)
                rollups.insert(rollup, at: place)
            case (nil, true):
                numbers.remove(at: place)
                rollups.remove(at: place)
            case (nil, false): break
            }
        }
    }

    private func firstPlace(atOrAfter number: Int64) -> Int {
        var low = 0
        var high = numbers.count
        while low < high {
            let middle = (low + high) / 2
            if numbers[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The windows that have a sample in `(start, end]`, as far as their first and last tell.
    func windows(in start: Int64, through end: Int64) -> [Rollup] {
        guard start < end else { return [] }
        let low = firstPlace(atOrAfter: number(start &+ 1))
        let high = firstPlace(atOrAfter: number(end) &+ 1)
        return rollups[low..<high].filter {
            $0.last.timestamp > start && $0.first.timestamp <= end
        }
    }
}
