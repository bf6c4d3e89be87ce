import Dataflow
import OperatorTesting
import Records
import Testing
import Transforms

/// `Filter`, `Map`, `FlatMap`, `Branch` and `Union` by marbles.
@Suite("Operators on single records")
struct RecordOperatorTests {
    @Test("filter lets through what fits")
    func filter() throws {
        let harness = try OperatorHarness<Marble, String>(render: { $0 }) { input, output in
            input.filter("no-b") { $0.symbol != "b" }.map("symbol") { $0.symbol }
                .sink("out", to: output)
        }
        #expect(try harness.run("a-b-c|") == "a---c|")
        #expect(try harness.run("[abab]b|") == "[a a]-|")
    }

    @Test("map turns each record into another")
    func map() throws {
        let harness = try OperatorHarness<Marble, String>(render: { $0 }) { input, output in
            input.map("loud") { $0.symbol.uppercased() }.sink("out", to: output)
        }
        #expect(try harness.run("ab-c|") == "AB-C|")
    }

    @Test("flatMap turns a record into none, one or several")
    func flatMap() throws {
        let harness = try OperatorHarness<Marble, String>(render: { $0 }) { input, output in
            input.flatMap("repeat") { marble in
                Array(repeating: marble.symbol, count: Int(marble.symbol) ?? 0)
            }.sink("out", to: output)
        }
        #expect(try harness.run("0-1-3|") == "--1-[3 3 3]|")
    }

    @Test("compactMap turns a record into another or none")
    func compactMap() throws {
        // The operator `CompactMap`.
        let harness = try OperatorHarness<Marble, String>(render: { $0 }) { input, output in
            input.compactMap("digits") { Int($0.symbol).map { String($0 + 1) } }
                .sink("out", to: output)
        }
        #expect(try harness.run("1-a-3|") == "2---4|")
    }

    @Test("branch divides, and union joins what it divided")
    func branchAndUnion() throws {
        let harness = try OperatorHarness<Marble, String>(render: { $0 }) { input, output in
            let branches = input.branch("vowels") { "aeiou".contains($0.symbol) }
            let loud = branches.matching.map("loud") { $0.symbol.uppercased() }
            let plain = branches.rest.map("plain") { $0.symbol }
            loud.union("all", with: plain).sink("out", to: output)
        }
        #expect(try harness.run("ab-ce|") == "Ab-cE|")
        let mixed = try harness.run("[abcde]|")
        #expect(
            Set(mixed.dropFirst().dropLast(2).split(separator: " ")) == ["A", "b", "c", "d", "E"])
    }

    @Test("a fan-out hands every consumer everything")
    func fanOut() throws {
        let second = CollectSink<Marble>()
        let harness = try OperatorHarness<Marble, String>(render: { $0 }) { input, output in
            let kept = input.filter("no-b") { $0.symbol != "b" }
            kept.map("symbol") { $0.symbol }.sink("out", to: output)
            kept.sink("second", to: second)
        }
        #expect(try harness.run("abc[bd]|") == "a-cd|")
        #expect(second.collected.values.map(\.symbol) == ["a", "c", "d"])
    }

    @Test("a diagram that makes no sense is refused", arguments: ["[a", "a]", "[[a]]"])
    func badDiagram(text: String) throws {
        let harness = try OperatorHarness<Marble, Marble> { $0.sink("out", to: $1) }
        #expect(throws: DataflowError.self) { try harness.run(text) }
    }

    @Test("a shuffle does not fit into the operator harness, which says so")
    func shuffle() {
        let error = #expect(throws: DataflowError.self) {
            try OperatorHarness<Ping, String>(record: Ping.make) { input, output in
                input.assignTimestamps("time", .boundedOutOfOrder(.zero), \.time)
                    .keyBy("key", \.key).process("count") { PingCounter() }
                    .sink("out", to: output)
            }
        }
        #expect(error?.message.contains("2 stages") ?? false)
    }
}
