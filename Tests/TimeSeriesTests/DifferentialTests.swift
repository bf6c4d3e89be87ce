import Foundation
import Testing
import TimeSeries

@Suite("PromQL against Debian's Prometheus", .serialized)
struct DifferentialTests {
    static let seed: UInt64 = 20_240_601
    static let count = 400

    /// `holt_winters` bears another name since Prometheus 3.
    static func ours(_ query: String) -> String {
        query.replacingOccurrences(of: "holt_winters", with: "double_exponential_smoothing")
    }

    @Test(
        "random expressions yield the same, instant and range",
        .enabled(if: PrometheusServer.isInstalled, "no \(PrometheusServer.program)"))
    func random() throws {
        var queries = RandomQueries(seed: Self.seed)
        let series = queries.series()
        let server = try PrometheusServer(series)
        let source = MemorySource(series)
        let engine = QueryEngine()
        var compared = 0
        var refused = 0
        var points = 0
        for index in 0..<Self.count {
            let query = queries.expression()
            let time = queries.time()
            let isRange = index % 2 == 1
            let theirs =
                isRange
                ? server.range(query, from: time, through: time + 600_000, step: 37_000)
                : server.instant(query, at: time)
            let result: QueryResult?
            do {
                result =
                    isRange
                    ? try engine.rangeQuery(
                        Self.ours(query), from: time, through: time + 600_000, step: 37_000,
                        over: source)
                    : try engine.instantQuery(Self.ours(query), at: time, over: source)
            } catch {
                if theirs != nil {
                    Issue.record("\(query) at \(time): refused here: \(error)")
                }
                result = nil
            }
            guard let theirs else {
                refused += 1
                if result != nil { Issue.record("\(query) at \(time): refused by Prometheus") }
                continue
            }
            guard let result else { continue }
            compared += 1
            points += theirs.values.reduce(0) { $0 + $1.count }
            if let fault = Self.difference(Self.flat(result.value), theirs, query) {
                Issue.record("seed \(Self.seed), \(query) at \(time), range \(isRange): \(fault)")
            }
        }
        print(
            "differential: \(compared) expressions equal, \(points) points, \(refused) refused by both"
        )
        #expect(compared >= 300)
        #expect(points > 2_000)
    }

    static func flat(_ value: QueryValue) -> [Labels: [Sample]] {
        switch value {
        case .scalar(let sample): [.empty: [sample]]
        case .string: [:]
        case .vector(let vector):
            Dictionary(vector.map { ($0.labels, [$0.sample]) }) { first, _ in first }
        case .matrix(let series):
            Dictionary(series.map { ($0.labels, $0.points) }) { first, _ in first }
        }
    }

    /// The first difference beyond a billionth.
    static func difference(
        _ ours: [Labels: [Sample]], _ theirs: [Labels: [Sample]], _ query: String
    ) -> String? {
        guard Set(ours.keys) == Set(theirs.keys) else {
            return "series differ: \(ours.keys.sorted()) against \(theirs.keys.sorted())"
        }
        for (labels, points) in theirs {
            let mine = ours[labels] ?? []
            guard mine.map(\.timestamp) == points.map(\.timestamp) else {
                return "\(labels): other times"
            }
            for (a, b) in zip(mine, points) {
                if a.value.isNaN && b.value.isNaN || a.value == b.value { continue }
                // Differences of nearly equal numbers have no more digits than those.
                let scale = max(a.value.magnitude, b.value.magnitude, 1e-6)
                guard (a.value - b.value).magnitude <= 1e-9 * scale else {
                    return "\(labels) at \(a.timestamp): \(a.value) against \(b.value)"
                }
            }
        }
        return nil
    }
}
