import Compression
import Foundation
import Records
import SwiftProtobuf
import Testing

@testable import TimeSeries

@Suite("Bytes from outside, mutated")
struct FuzzTests {
    static let rounds = 4_000

    /// Bytes with a few of them changed, removed, doubled or moved.
    static func mutated(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var result = bytes
        for _ in 0...(random.next() % 4) {
            guard !result.isEmpty else { return [UInt8(truncatingIfNeeded: random.next())] }
            let place = Int(random.next() % UInt64(result.count))
            switch random.next() % 5 {
            case 0: result[place] = UInt8(truncatingIfNeeded: random.next())
            case 1: result.remove(at: place)
            case 2: result.insert(UInt8(truncatingIfNeeded: random.next() % 128), at: place)
            case 3:
                let end = min(result.count, place + 1 + Int(random.next() % 12))
                result.insert(contentsOf: result[place..<end], at: place)
            default: result[place] ^= 1 << UInt8(random.next() % 8)
            }
        }
        return result
    }

    /// What random expressions don't have.
    static let seeds = [
        "rate(m[1h - 2 * 30s])", "m[step() + max(1m, -(2m ^ 2)) % 7]", "m offset (1h / 3 - -5m)",
        "m[min(step(), 1e3)] offset -(1m)", "m @ start() + m @ end() offset 1w1d",
        "sum_over_time(m[1h:step() * 2] @ start())", "{\"höhe.größe\", \"läbel 1\"=~\"ä.*\"}",
        "sum by (\"größe\", job) ({'a\\'b'})", "m{a=\"\\x41\\u00e9\\U0001F600\\n\\\"\", b=`r\\aw`}",
        "m{a='\\101\\t', b!~\"\\\\d+\"} @ 1.5e9", "label_replace(m, \"é\", \"$1\", 'a', \"(.*)\")",
    ]

    @Test("mutated expressions are refused with a place, or print as something that reads back")
    func expressions() throws {
        var random = SeededGenerator(seed: 41)
        var queries = RandomQueries(seed: 42)
        let source = MemorySource(queries.series().prefix(6))
        let engine = QueryEngine()
        var refused = 0
        for _ in 0..<Self.rounds {
            let query =
                random.next() % 4 == 0
                ? Self.seeds[Int(random.next() % UInt64(Self.seeds.count))] : queries.expression()
            let text = String(decoding: Self.mutated(Array(query.utf8), &random), as: UTF8.self)
            let expression: TimeSeries.Expression
            do {
                expression = try TimeSeries.Expression(parsing: text)
            } catch {
                refused += 1
                #expect(!error.message.isEmpty && error.range.start <= text.utf8.count)
                continue
            }
            let printed = expression.description
            let again = try? TimeSeries.Expression(parsing: printed)
            #expect(again?.description == printed, "\(text) prints as \(printed)")
            let folded = try? TimeSeries.Expression(parsing: expression.formatted(width: 20))
            #expect(folded?.description == printed, "\(text)")
            if random.next() % 8 == 0 {
                _ = try? engine.instantQuery(expression, at: RandomQueries.start, over: source)
            }
        }
        #expect(refused > Self.rounds / 4)
    }

    @Test("expressions that nest or repeat without end are refused")
    func deep() {
        let deep = [
            String(repeating: "(", count: 100_000), String(repeating: "-", count: 100_000) + "1",
            String(repeating: "sum(", count: 5_000) + "m" + String(repeating: ")", count: 5_000),
            "m" + String(repeating: "[5m:1m]", count: 5_000),
            "m[" + String(repeating: "(", count: 50_000),
            "1" + String(repeating: "^1", count: 9_000),
            "m{a=~\"" + String(repeating: "(", count: 10_000) + "\"}",
            "m{a=~\"((a{1000}){1000}){1000}\"}", "1" + String(repeating: "+1", count: 50_000),
        ]
        for text in deep {
            #expect(throws: PromQLSyntaxError.self) { try TimeSeries.Expression(parsing: text) }
        }
    }

    @Test("a pattern that makes backtracking explode matches in linear time")
    func regularExpressions() throws {
        let text = String(repeating: "a", count: 5_000)
        let pattern = try RegularExpression(anchored: "(a*)*(a|aa)+(.*x)?b")
        #expect(!pattern.matches(text))
        var random = SeededGenerator(seed: 43)
        let seeds = ["(?i:ab|c)*[^x-z]{2,5}\\d+(?P<n>.)$", "[[:alpha:]]+\\p{Greek}\\Q.*\\E(a|b)?"]
        for _ in 0..<Self.rounds {
            let seed = Array(seeds[Int(random.next() % 2)].utf8)
            let pattern = String(decoding: Self.mutated(seed, &random), as: UTF8.self)
            _ = try? RegularExpression(anchored: pattern).matches("abcabc123xé")
        }
    }

    @Test("mutated pages are refused with a line, or read")
    func pages() throws {
        var random = SeededGenerator(seed: 44)
        let seed = Array(WireTests.openMetrics.utf8)
        for _ in 0..<Self.rounds {
            let page = Self.mutated(seed, &random)
            for format in ExpositionFormat.allCases {
                guard let families = try? MetricFamily.families(of: page, format: format) else {
                    continue
                }
                let written = ExpositionWriter.page(families, format: format)
                #expect(throws: Never.self) {
                    try MetricFamily.families(of: written, format: format)
                }
            }
        }
    }

    @Test("mutated line protocol, snappy and Protobuf bodies never crash")
    func bodies() throws {
        var random = SeededGenerator(seed: 45)
        let line = Array("cpu,host=a\\ b u=1.5,v=4i,w=t,x=\"q\" 1700000000000000000\n".utf8)
        let labels = Labels(["__name__": "up", "job": "x"])
        let body = try RemoteWrite.write([
            WireSeries(labels: labels, samples: (0..<20).map { Sample($0, Double($0)) })
        ])
        let message = try Codec.snappy.decompress(body, limit: 1 << 20)
        let second: [UInt8] = try WireTests.remoteWriteV2Request().serializedBytes()
        let metrics: [UInt8] = try WireTests.otlpRequest().serializedBytes()
        for _ in 0..<Self.rounds {
            _ = try? LineProtocol.read(Self.mutated(line, &random), now: 0)
            let broken = Self.mutated(body, &random)
            let inner = try Codec.snappy.compress(Self.mutated(message, &random))
            let other = try Codec.snappy.compress(Self.mutated(second, &random))
            for bytes in [broken, inner, other] {
                for version: RemoteWrite.Version in [.v1, .v2] {
                    _ = try? RemoteWrite.read(bytes, version: version)
                }
            }
            _ = try? OTLPMetrics.read(Self.mutated(metrics, &random))
        }
    }

    @Test("a query stops at its limits and when it is interrupted")
    func limits() throws {
        let labels = (0..<100).map { Labels(["__name__": "m", "i": "\($0)"]) }
        let samples = SampleColumns((0..<100).map { Sample(Int64($0) * 1_000, 1) })
        let source = MemorySource(labels.map { Series(labels: $0, samples: samples) })
        var options = EngineOptions()
        options.sampleLimit = 500
        let engine = QueryEngine(options: options)
        #expect(throws: QueryError.self) {
            try engine.rangeQuery("m", from: 0, through: 90_000, step: 1_000, over: source)
        }
        #expect(throws: QueryError.self) {
            try QueryEngine().rangeQuery("m", from: 0, through: 90_000, step: 1, over: source)
        }
        var asked = 0
        #expect(throws: QueryError.self) {
            try QueryEngine().instantQuery("sum(rate(m[1m]))", at: 90_000, over: source) {
                asked += 1
                return asked > 10 ? .cancelled : nil
            }
        }
        #expect(asked == 11)
        // One long series whose every window is walked whole.
        let long = MemorySource([
            Series(
                labels: labels[0],
                samples: SampleColumns((0..<20_000).map { Sample(Int64($0) * 1_000, 1) }))
        ])
        asked = 0
        #expect(throws: QueryError.self) {
            try QueryEngine().rangeQuery(
                "sum_over_time(m[6h])", from: 19_000_000, through: 20_000_000, step: 1_000,
                over: long
            ) {
                asked += 1
                return asked > 4 ? .cancelled : nil
            }
        }
        #expect(asked == 5)
    }
}
