/// What an aggregation knows of one group at every step.
struct Reduction {
    private enum State {
        case sums([Double], compensations: [Double], present: [Bool])
        case means([Arithmetic.Mean])
        case extremes([Double], isMaximum: Bool)
        case counts([Double])
        case ones([Double])
        case variances([Variance], isDeviation: Bool)
    }

    private struct Variance {
        var count = 0.0
        var mean = 0.0
        var squares = 0.0

        mutating func add(_ value: Double) {
            count += 1
            if count == 1 {
                mean = value
                squares = value.isFinite ? 0 : StaleMarker.normalNaN
                return
            }
            let delta = value - mean
            mean += delta / count
            squares += delta * (value - mean)
        }
    }

    private var state: State

    init(_ op: Aggregation.Operator, steps: Int) {
        let absent = [Double](repeating: Column.absent, count: steps)
        switch op {
        case .avg: state = .means(Array(repeating: Arithmetic.Mean(), count: steps))
        case .min: state = .extremes(absent, isMaximum: false)
        case .max: state = .extremes(absent, isMaximum: true)
        case .count: state = .counts(absent)
        case .group: state = .ones(absent)
        case .stddev, .stdvar:
            state = .variances(
                Array(repeating: Variance(), count: steps), isDeviation: op == .stddev)
        default:
            state = .sums(
                Array(repeating: 0, count: steps),
                compensations: Array(repeating: 0, count: steps),
                present: Array(repeating: false, count: steps))
        }
    }

    mutating func add(_ values: [Double]) {
        let taken = state
        // The state is taken out while it changes, so that its arrays stay unique.
        state = .ones([])
        switch taken {
        case .sums(var sums, var compensations, var present):
            for (step, value) in values.enumerated() where Column.isPresent(value) {
                if present[step] {
                    Arithmetic.add(value, to: &sums[step], &compensations[step])
                } else {
                    present[step] = true
                    sums[step] = value
                }
            }
            state = .sums(sums, compensations: compensations, present: present)
        case .means(var means):
            for (step, value) in values.enumerated() where Column.isPresent(value) {
                means[step].add(value)
            }
            state = .means(means)
        case .extremes(var extremes, let isMaximum):
            for (step, value) in values.enumerated() where Column.isPresent(value) {
                let old = extremes[step]
                // A NaN, and with it the mark of absence, gives way to anything.
                if old.isNaN || (isMaximum ? old < value : old > value) { extremes[step] = value }
            }
            state = .extremes(extremes, isMaximum: isMaximum)
        case .counts(var counts):
            for (step, value) in values.enumerated() where Column.isPresent(value) {
                counts[step] = Column.isPresent(counts[step]) ? counts[step] + 1 : 1
            }
            state = .counts(counts)
        case .ones(var ones):
            for (step, value) in values.enumerated() where Column.isPresent(value) {
                ones[step] = 1
            }
            state = .ones(ones)
        case .variances(var variances, let isDeviation):
            for (step, value) in values.enumerated() where Column.isPresent(value) {
                variances[step].add(value)
            }
            state = .variances(variances, isDeviation: isDeviation)
        }
    }

    func values() -> [Double] {
        switch state {
        case .sums(let sums, let compensations, let present):
            sums.indices.map {
                present[$0] ? sums[$0] + compensations[$0] : Column.absent
            }
        case .means(let means): means.map { $0.isEmpty ? Column.absent : $0.value }
        case .extremes(let extremes, _): extremes
        case .counts(let counts): counts
        case .ones(let ones): ones
        case .variances(let variances, let isDeviation):
            variances.map {
                guard $0.count > 0 else { return Column.absent }
                let variance = $0.squares / $0.count
                return isDeviation ? variance.squareRoot() : variance
            }
        }
    }
}
