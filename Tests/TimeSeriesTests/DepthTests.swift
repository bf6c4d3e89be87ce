import Foundation
import Records
import Testing

@testable import TimeSeries

/// Everything that walks a tree, at the limits of its depth, on a stack as small as a thread's may
/// be.
@Suite("Deep expressions")
struct DepthTests {
    static let stack = 4 << 20

    /// Runs something on a thread with a small stack.
    static func onSmallStack(_ body: @escaping @Sendable () -> Void) {
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            body()
            done.signal()
        }
        thread.stackSize = stack
        thread.start()
        done.wait()
    }

    static func repeated(_ text: String, _ count: Int) -> String {
        String(repeating: text, count: count)
    }

    /// The greatest count up to which a text is accepted.
    static func greatest(_ text: (Int) -> String) -> Int {
        var low = 0
        var high = 5_000
        while low < high {
            let middle = (low + high + 1) / 2
            let isFine = (try? TimeSeries.Expression(parsing: text(middle))) != nil
            if isFine { low = middle } else { high = middle - 1 }
        }
        return low
    }

    static let shapes: [@Sendable (Int) -> String] = [
        { "1" + repeated("+1", $0) },
        { "m" + repeated(" or m", $0) },
        { "m" + repeated(" + on(a) m", $0) },
        { repeated("(", $0) + "m" + repeated(")", $0) },
        { repeated("-", $0) + "m" },
        { "1" + repeated("^1", $0) },
        { repeated("abs(", $0) + "m" + repeated(")", $0) },
        { repeated("sum(", $0) + "m" + repeated(")", $0) },
        { repeated("max_over_time(", $0) + "m" + repeated("[5m:1m])", $0) },
        { repeated("sum(max_over_time(", $0) + "m" + repeated("[5m:1m]))", $0) },
        { repeated("topk(1, ", $0) + "m" + repeated(")", $0) },
        { repeated("label_replace(", $0) + "m" + repeated(", \"a\", \"\", \"\", \"\")", $0) },
        { repeated("(", 3) + "1" + repeated(repeated("+1", $0) + ")", 3) },
        { repeated("sum(", 20) + "m" + repeated(repeated(" or m", $0) + ")", 20) },
        { "m[1m" + repeated("+1m", $0) + "]" },
        { "m[1m" + repeated("*1", $0) + "]" },
        { "m offset (1m" + repeated("-1m", $0) + ")" },
        { "m[" + repeated("(", $0) + "1m" + repeated(")", $0) + "]" },
        { "m[" + repeated("-", $0) + "1m + 5m]" },
        { "m[1m" + repeated("^1", $0) + "]" },
        { "m[" + repeated("max(1m, ", $0) + "1m" + repeated(")", $0) + "]" },
    ]

    @Test("what the parser lets through is walked on a small stack", arguments: 0..<shapes.count)
    func limits(_ index: Int) {
        Self.onSmallStack {
            let shape = Self.shapes[index]
            let most = Self.greatest(shape)
            #expect(most >= 10 && most < 5_000, "\(shape(1)): \(most)")
            #expect(throws: PromQLSyntaxError.self) {
                try TimeSeries.Expression(parsing: shape(most + 1))
            }
            guard let deepest = try? TimeSeries.Expression(parsing: shape(most)) else { return }
            let printed = deepest.description
            #expect((try? TimeSeries.Expression(parsing: printed))?.description == printed)
            let folded = try? TimeSeries.Expression(parsing: deepest.formatted(width: 40))
            #expect(folded?.description == printed)
            let samples = SampleColumns((0..<20).map { Sample(Int64($0) * 15_000, Double($0)) })
            let source = MemorySource([
                Series(labels: Labels(["__name__": "m"]), samples: samples)
            ])
            _ = try? QueryEngine().instantQuery(deepest, at: 300_000, over: source)
            _ = try? QueryEngine().rangeQuery(
                deepest, from: 0, through: 60_000, step: 30_000, over: source)
        }
    }

    @Test("a chain of 499 operators has its value")
    func value() throws {
        let text = "1" + Self.repeated(" + 1", 499)
        let result = try QueryEngine().instantQuery(text, at: 0, over: MemorySource())
        guard case .scalar(let sample) = result.value else {
            Issue.record("no scalar")
            return
        }
        #expect(sample.value == 500)
    }

    @Test("huge numbers in durations print and are refused in words")
    func hugeDurations() {
        for text in [
            "m[1m - -1e300]", "m[-(-1e300)]", "m[1m - -Inf]", "m[max(1m, -1e300)]",
            "m offset (1m - NaN)", "m[step() - -1e300]", "m[min(-(-1e300), 1m)]", "m[1e300 + 1]",
        ] {
            guard let expression = try? TimeSeries.Expression(parsing: text) else {
                Issue.record("\(text) is refused")
                continue
            }
            let printed = expression.description
            #expect((try? TimeSeries.Expression(parsing: printed))?.description == printed)
            _ = expression.formatted(width: 10)
            _ = try? QueryEngine().instantQuery(expression, at: 0, over: MemorySource())
        }
        func fault(_ text: String) -> String? {
            do {
                _ = try TimeSeries.Expression(parsing: text)
                return nil
            } catch {
                return error.description
            }
        }
        #expect(fault("m[99999y]") == "1:3: parse error: duration out of range")
        #expect(fault("m[5m / 0]") == "1:6: parse error: division by zero")
        #expect(fault("m offset (5m % 0)") == "1:14: parse error: modulo by zero")
        #expect(
            fault("m{a:b=\"x\"}")
                == "1:4: parse error: unexpected character inside braces: ':'")
    }

    @Test("a time at the end of the axis and an offset are no trap")
    func farOffset() throws {
        #expect(throws: WireError.self) {
            try MetricFamily.families(of: Array("x 1 \(Int64.min)\n".utf8), format: .text)
        }
        let samples = SampleColumns([Sample(.min, 1), Sample(.max, 2)])
        let source = MemorySource([Series(labels: Labels(["__name__": "x"]), samples: samples)])
        for time in [Int64.min, .min + 1, 0, .max] {
            for query in [
                "timestamp(x offset 1h)", "timestamp(x offset -1h)", "x offset 1h",
                "rate(x[1h] offset 1h)", "timestamp(x @ 0 offset 1h)",
            ] {
                _ = try? QueryEngine().instantQuery(query, at: time, over: source)
            }
        }
    }
}
