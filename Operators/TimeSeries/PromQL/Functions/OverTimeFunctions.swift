/// `sum_over_time`, compensated.
struct SumOverTime: WindowFunction {
    func value(_ window: Window) -> Double {
        var sum = 0.0
        var compensation = 0.0
        for index in window.low..<window.high {
            Arithmetic.add(window.values[index], to: &sum, &compensation)
        }
        return sum.isInfinite ? sum : sum + compensation
    }
}

/// `avg_over_time`.
struct AverageOverTime: WindowFunction {
    func value(_ window: Window) -> Double {
        var mean = Arithmetic.Mean()
        for index in window.low..<window.high { mean.add(window.values[index]) }
        return mean.value
    }
}

/// `min_over_time`, `max_over_time`, and the times at which they were reached.
///
/// Keeps the places that may still become the extreme in a queue whose values fall (rise for a
/// minimum), so that a window costs what enters and leaves it (Lemire, "Streaming maximum-minimum
/// filter", 2006). A NaN never beats a number.
struct ExtremeOverTime: WindowFunction {
    let isMaximum: Bool
    let yieldsTime: Bool
    private var queue: [Int] = []
    private var head = 0
    private var seen = 0

    init(isMaximum: Bool, yieldsTime: Bool) {
        self.isMaximum = isMaximum
        self.yieldsTime = yieldsTime
    }

    mutating func prepare(_ values: UnsafeBufferPointer<Double>) {
        queue.removeAll(keepingCapacity: true)
        head = 0
        seen = 0
    }

    mutating func value(_ window: Window) -> Double {
        if seen < window.low {
            queue.removeAll(keepingCapacity: true)
            head = 0
            seen = window.low
        }
        while seen < window.high {
            let value = window.values[seen]
            while queue.count > head, yields(window.values[queue[queue.count - 1]], to: value) {
                queue.removeLast()
            }
            queue.append(seen)
            seen += 1
        }
        while head < queue.count, queue[head] < window.low { head += 1 }
        if head > 1_024 {
            queue.removeFirst(head)
            head = 0
        }
        let place = queue[head]
        return yieldsTime ? Double(window.timestamps[place]) / 1_000 : window.values[place]
    }

    /// Whether an older value can't be the extreme any more once a newer one is there.
    ///
    /// Of equal ones the last gives the time, the first the value.
    @inline(__always)
    private func yields(_ old: Double, to new: Double) -> Bool {
        if old.isNaN { return true }
        if yieldsTime { return isMaximum ? new >= old : new <= old }
        return isMaximum ? new > old : new < old
    }
}

/// `stdvar_over_time` and `stddev_over_time`: Welford's update, compensated.
struct VarianceOverTime: WindowFunction {
    let isDeviation: Bool

    func value(_ window: Window) -> Double {
        var count = 0.0
        var (mean, cMean) = (0.0, 0.0)
        var (squares, cSquares) = (0.0, 0.0)
        for index in window.low..<window.high {
            let value = window.values[index]
            count += 1
            let delta = value - (mean + cMean)
            Arithmetic.add(delta / count, to: &mean, &cMean)
            Arithmetic.add(delta * (value - (mean + cMean)), to: &squares, &cSquares)
        }
        let variance = (squares + cSquares) / count
        return isDeviation ? variance.squareRoot() : variance
    }
}

/// `quantile_over_time`.
struct QuantileOverTime: WindowFunction {
    /// The quantile at each step.
    let quantiles: [Double]

    func value(_ window: Window) -> Double {
        let values = Array(
            UnsafeBufferPointer(start: window.values + window.low, count: window.count))
        return Arithmetic.quantile(quantiles[window.step], values)
    }
}

/// `mad_over_time`: the median of the distances from the median.
struct MedianDeviationOverTime: WindowFunction {
    func value(_ window: Window) -> Double {
        let values = Array(
            UnsafeBufferPointer(start: window.values + window.low, count: window.count))
        let median = Arithmetic.quantile(0.5, values)
        return Arithmetic.quantile(0.5, values.map { ($0 - median).magnitude })
    }
}

/// `double_exponential_smoothing`, Holt's linear method.
struct DoubleExponentialSmoothing: WindowFunction {
    /// The smoothing factor at each step.
    let smoothing: [Double]
    /// The trend factor at each step.
    let trend: [Double]

    func value(_ window: Window) -> Double {
        guard window.count > 1 else { return Column.absent }
        let sf = smoothing[window.step]
        let tf = trend[window.step]
        var previous = 0.0
        var level = window.first
        var slope = window.values[window.low + 1] - window.first
        for index in (window.low + 1)..<window.high {
            if index > window.low + 1 {
                slope = tf * (level - previous) + (1 - tf) * slope
            }
            let next = sf * window.values[index] + (1 - sf) * (level + slope)
            previous = level
            level = next
        }
        return level
    }
}

/// Functions that look at the edges of the window alone.
struct EdgeOfWindow: WindowFunction {
    enum Kind {
        case count, present, first, last, firstTime, lastTime
    }

    let kind: Kind

    @inline(__always)
    func value(_ window: Window) -> Double {
        switch kind {
        case .count: Double(window.count)
        case .present: 1
        case .first: window.first
        case .last: window.last
        case .firstTime: Double(window.timestamps[window.low]) / 1_000
        case .lastTime: Double(window.timestamps[window.high &- 1]) / 1_000
        }
    }
}
