/// `rate`, `increase` and `delta`: the change over the window, extrapolated to its edges.
///
/// Where the first or last sample lies no more than 1.1 sampling intervals from the edge, the
/// change is extrapolated up to the edge, else by half an interval; a counter is never
/// extrapolated below zero.
struct ExtrapolatedRate: WindowFunction {
    let isCounter: Bool
    let isRate: Bool
    /// The places at which the counter is less than before.
    private var resets: [Int] = []
    private var firstReset = 0

    init(isCounter: Bool, isRate: Bool) {
        self.isCounter = isCounter
        self.isRate = isRate
    }

    mutating func prepare(_ values: UnsafeBufferPointer<Double>) {
        guard isCounter else { return }
        resets.removeAll(keepingCapacity: true)
        firstReset = 0
        guard values.count > 1 else { return }
        for index in 1..<values.count where values[index] < values[index &- 1] {
            resets.append(index)
        }
    }

    mutating func value(_ window: Window) -> Double {
        guard window.count > 1 else { return Column.absent }
        let last = window.high &- 1
        var change = window.last - window.first
        if isCounter {
            while firstReset < resets.count, resets[firstReset] <= window.low { firstReset += 1 }
            var index = firstReset
            while index < resets.count, resets[index] <= last {
                change += window.values[resets[index] &- 1]
                index += 1
            }
        }
        let start = window.end.subtractingClamped(window.width)
        let firstTime = window.timestamps[window.low]
        let lastTime = window.timestamps[last]
        var toStart = Double(firstTime &- start) / 1_000
        var toEnd = Double(window.end &- lastTime) / 1_000
        let sampled = Double(lastTime &- firstTime) / 1_000
        let average = sampled / Double(window.count &- 1)
        let threshold = average * 1.1
        if toStart >= threshold { toStart = average / 2 }
        if isCounter, change > 0, window.first >= 0 {
            toStart = min(toStart, sampled * (window.first / change))
        }
        if toEnd >= threshold { toEnd = average / 2 }
        var factor = (sampled + toStart + toEnd) / sampled
        if isRate { factor /= Double(window.width) / 1_000 }
        return change * factor
    }
}

/// `irate` and `idelta`: the change between the last two samples.
struct InstantRate: WindowFunction {
    let isRate: Bool

    func value(_ window: Window) -> Double {
        guard window.count > 1 else { return Column.absent }
        let last = window.high &- 1
        let (a, b) = (window.values[last &- 1], window.values[last])
        let interval = window.timestamps[last] &- window.timestamps[last &- 1]
        guard interval != 0 else { return Column.absent }
        // After a reset a counter began at zero.
        let change = isRate && b < a ? b : b - a
        return isRate ? change / (Double(interval) / 1_000) : change
    }
}

/// `resets` and `changes`: how often neighbouring samples differ.
struct StepCount: WindowFunction {
    let countsResets: Bool
    /// How many steps there are up to each place.
    private var counts: [Int] = []

    init(countsResets: Bool) {
        self.countsResets = countsResets
    }

    mutating func prepare(_ values: UnsafeBufferPointer<Double>) {
        counts.removeAll(keepingCapacity: true)
        var count = 0
        for index in values.indices {
            if index > 0 {
                let (a, b) = (values[index - 1], values[index])
                if countsResets ? b < a : b != a && !(a.isNaN && b.isNaN) { count += 1 }
            }
            counts.append(count)
        }
    }

    func value(_ window: Window) -> Double {
        Double(counts[window.high &- 1] &- counts[window.low])
    }
}

/// `deriv` and `predict_linear`: least-squares regression over the window.
struct LinearRegression: WindowFunction {
    /// The seconds to look ahead at each step, or `nil` for the slope itself.
    let ahead: [Double]?

    func value(_ window: Window) -> Double {
        guard window.count > 1 else { return Column.absent }
        let origin = ahead == nil ? window.timestamps[window.low] : window.time
        let (slope, intercept) = LinearRegression.fit(window, origin: origin)
        guard let ahead else { return slope }
        return slope * ahead[window.step] + intercept
    }

    /// Slope in units a second, and the value at `origin`.
    static func fit(_ window: Window, origin: Int64) -> (slope: Double, intercept: Double) {
        var (sumX, cX, sumY, cY) = (0.0, 0.0, 0.0, 0.0)
        var (sumXY, cXY, sumXX, cXX) = (0.0, 0.0, 0.0, 0.0)
        var isConstant = true
        for index in window.low..<window.high {
            let y = window.values[index]
            if index > window.low, y != window.first { isConstant = false }
            let x = Double(window.timestamps[index] &- origin) / 1_000
            Arithmetic.add(x, to: &sumX, &cX)
            Arithmetic.add(y, to: &sumY, &cY)
            Arithmetic.add(x * y, to: &sumXY, &cXY)
            Arithmetic.add(x * x, to: &sumXX, &cXX)
        }
        if isConstant {
            return window.first.isInfinite
                ? (StaleMarker.normalNaN, StaleMarker.normalNaN) : (0, window.first)
        }
        let n = Double(window.count)
        let (x, y) = (sumX + cX, sumY + cY)
        let covariance = (sumXY + cXY) - x * y / n
        let variance = (sumXX + cXX) - x * x / n
        let slope = covariance / variance
        return (slope, y / n - slope * x / n)
    }
}
