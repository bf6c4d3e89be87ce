import Records
import TimeSeries

/// Random expressions in what Prometheus 2.42 understands, and series to evaluate them over.
struct RandomQueries {
    static let start: Int64 = 1_700_000_000_000
    private var random: SeededGenerator
    private var isInSubquery = false

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    private mutating func pick<T>(_ choices: [T]) -> T {
        choices[Int(random.next() % UInt64(choices.count))]
    }

    /// Counters, gauges and a histogram whose samples never fall on whole seconds.
    mutating func series() -> [Series] {
        var result: [Series] = []
        for job in ["api", "db"] {
            for instance in ["a", "b", "c"] {
                let common = [Label("job", job), Label("instance", instance)]
                result.append(
                    Series(
                        labels: Labels(common + [Label("__name__", "requests_total")]),
                        samples: samples(isCounter: true)))
                result.append(
                    Series(
                        labels: Labels(common + [Label("__name__", "level")]),
                        samples: samples(isCounter: false)))
                for code in ["200", "500"] {
                    result.append(
                        Series(
                            labels: Labels(
                                common + [
                                    Label("__name__", "responses_total"), Label("code", code),
                                ]),
                            samples: samples(isCounter: true)))
                }
            }
            var counts = [Double](repeating: 1e6, count: 5)
            var columns = [SampleColumns](repeating: SampleColumns(), count: 5)
            for index in 0..<480 {
                let time = Self.start + Int64(index) * 15_000 + 137
                let reached = Int(random.next() % 5)
                for bucket in reached..<5 { counts[bucket] += Double(random.next() % 7) }
                for bucket in 1..<5 { counts[bucket] = max(counts[bucket], counts[bucket - 1]) }
                for bucket in 0..<5 { columns[bucket].insert(Sample(time, counts[bucket])) }
            }
            for (bucket, bound) in ["0.1", "0.5", "1", "5", "+Inf"].enumerated() {
                let labels = Labels([
                    "__name__": "latency_bucket", "job": job, "le": bound,
                ])
                result.append(Series(labels: labels, samples: columns[bucket]))
            }
        }
        return result
    }

    private mutating func samples(isCounter: Bool) -> SampleColumns {
        var columns = SampleColumns()
        // Counters begin so high that they are never extrapolated to zero, where 2.42 differs.
        var value = isCounter ? 1e6 : 50.0
        for index in 0..<480 {
            if isCounter {
                value += Double(random.next() % 100)
            } else {
                value = ((value + (random.unit() - 0.5) * 10) * 100).rounded() / 100
            }
            // Gaps, and times in the first half of a second, off every edge of a window.
            if random.next() % 12 == 0 { continue }
            let jitter = Int64(random.next() % 498) + 1
            columns.insert(Sample(Self.start + Int64(index) * 15_000 + jitter, value))
        }
        return columns
    }

    private mutating func selector() -> String {
        let name = pick(["requests_total", "level", "responses_total"])
        let matcher = pick([
            "", "", "{job=\"api\"}", "{instance!=\"a\"}", "{instance=~\"a|b\"}",
            "{job!~\"d.*\"}",
        ])
        return name + matcher
    }

    private mutating func modifier() -> String {
        pick(["", "", "", " offset 1m", " offset 7m", " @ 1700003600", " offset -30s"])
    }

    private mutating func range() -> String { pick(["1m", "5m", "10m", "90s", "1h"]) }

    /// A vector whose series may have any labels.
    mutating func vector(_ depth: Int) -> String {
        guard depth > 0 else { return selector() + modifier() }
        switch random.next() % 12 {
        case 0, 1, 2:
            // Near zero 2.42 extrapolates otherwise, so only counters, which are far from it.
            if random.next() % 3 == 0 {
                let counter = pick(["requests_total", "responses_total{code=\"200\"}"])
                return "\(pick(["rate", "increase"]))(\(counter)[\(range())]\(modifier()))"
            }
            let function = pick([
                "delta", "irate", "idelta", "changes", "resets", "deriv",
                "avg_over_time", "sum_over_time", "min_over_time", "max_over_time",
                "count_over_time", "stddev_over_time", "stdvar_over_time", "last_over_time",
                "present_over_time",
            ])
            return "\(function)(\(selector())[\(range())]\(modifier()))"
        case 3:
            return pick([
                "quantile_over_time(\(pick(["0.1", "0.5", "0.95"])), \(selector())[\(range())])",
                "predict_linear(\(selector())[\(range())], \(pick(["60", "-300"])))",
                "holt_winters(\(selector())[\(range())], 0.3, 0.6)",
            ])
        case 4:
            let function = pick(["abs", "ceil", "floor", "sqrt", "ln", "sgn", "exp", "sin"])
            return "\(function)(\(vector(depth - 1)))"
        case 5:
            return "\(pick(["round", "clamp_max", "clamp_min"]))(\(vector(depth - 1)), 7)"
        case 6, 7: return aggregation(depth)
        case 8:
            let op = pick(["+", "-", "*", "/", "%", ">", "<=", "!=", "== bool"])
            return "(\(vector(depth - 1)) \(op) \(pick(["2", "0.5", "100", "time() / 1e9"])))"
        case 9:
            let op = pick(["+", "-", "/", "*", ">", "<", ">= bool"])
            let inner = aggregation(depth, by: "job")
            let other = aggregation(depth, by: "job")
            return "(\(inner) \(op) \(other))"
        case 10:
            let op = pick(["and", "or", "unless"])
            return "(\(vector(depth - 1)) \(op) on (job, instance) \(vector(depth - 1)))"
        default:
            // A subquery within one would have its steps on the edges of the other's windows.
            if isInSubquery { return vector(0) }
            isInSubquery = true
            defer { isInSubquery = false }
            let function = pick(["max_over_time", "avg_over_time", "count_over_time"])
            return "\(function)((\(vector(depth - 1)))[10m:\(pick(["1m", "37s"]))])"
        }
    }

    private mutating func aggregation(_ depth: Int, by label: String? = nil) -> String {
        let op = pick(["sum", "avg", "min", "max", "count", "stddev", "stdvar", "group"])
        let grouping =
            label.map { "by (\($0))" }
            ?? pick(["", "by (job)", "by (instance, job)", "without (instance)", "by (code)"])
        if label == nil, random.next() % 5 == 0 {
            let head = pick(["topk", "bottomk", "quantile"])
            let parameter = head == "quantile" ? "0.7" : "2"
            return "\(head) \(grouping) (\(parameter), \(vector(depth - 1)))"
        }
        return "\(op) \(grouping) (\(vector(depth - 1)))"
    }

    /// An expression.
    mutating func expression() -> String {
        switch random.next() % 16 {
        case 0:
            let range = range()
            return "histogram_quantile(\(pick(["0.5", "0.9", "0.99"])), "
                + "sum by (job, le) (rate(latency_bucket[\(range)])))"
        case 1: return "absent(\(selector())) or absent_over_time(level{job=\"none\"}[5m])"
        case 2: return "label_replace(\(vector(1)), \"to\", \"$1-x\", \"job\", \"(.)(.*)\")"
        case 3:
            return "responses_total / ignoring (code) group_left () requests_total"
        case 4: return "count_values(\"v\", round(\(selector()), 10))"
        case 5: return "hour(\(selector())) + scalar(sum(level)) * 0 + minute()"
        case 6: return "-\(vector(1)) ^ 2"
        case 7: return "timestamp(\(selector()))"
        default: return vector(2)
        }
    }

    /// A time at which something is asked: half a second after a whole one, so that neither
    /// samples nor the steps of subqueries lie on the edge of a window.
    mutating func time() -> Int64 {
        Self.start + Int64(random.next() % 7_200) * 1_000 + 500
    }
}
