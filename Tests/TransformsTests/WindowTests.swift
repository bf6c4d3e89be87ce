import Dataflow
import OperatorTesting
import Records
import Testing
import Transforms

@Suite("Windows")
struct WindowTests {
    private func windows(
        _ spec: WindowSpec, _ strategy: WatermarkStrategy = .boundedOutOfOrder(.zero),
        late: CollectSink<LateRecord<Ping>> = CollectSink()
    ) throws -> OperatorHarness<Ping, String> {
        try pingHarness(strategy) { timed, output in
            let windows = timed.keyBy("key", \.key).window(spec)
            windows.late.sink("late", to: late)
            windows.aggregate("count", PingCount.self).map("show") { show($0) }
                .sink("out", to: output)
        }
    }

    @Test("a tumbling window is published when event time passes its end")
    func tumbling() throws {
        let harness = try windows(.tumbling(.seconds(4)))
        #expect(try harness.run("aab-a-|") == "----[a2.1 b1.1]-[a1.1]|")
        #expect(try harness.run("|") == "|")
        #expect(try harness.run("--------a|") == "---------[a1.1]|")
    }

    @Test("records out of order, within the bound, are counted where they belong")
    func outOfOrder() throws {
        let harness = try windows(
            .tumbling(.seconds(4)), .boundedOutOfOrder(.seconds(4)))
        // The ping at frame 5 is of the first window; that closes when event time, four behind, passes 4.
        #expect(try harness.run("ab---A--a-|") == "--------[a2.1 b1.1]-[a1.1]|")
        #expect(try harness.runRestoringEverywhere("ab---A--a-|").count == 1)
    }

    @Test("within the allowed lateness a record revises its window, at the end of its batch")
    func lateness() throws {
        let late = CollectSink<LateRecord<Ping>>()
        let harness = try windows(
            .tumbling(.seconds(4)).allowingLateness(.seconds(4)), late: late)
        #expect(
            try harness.run("a---b-A-----c|") == "----[a1.1]-[a2.2]-----[b1.1][c1.1]|")
        #expect(late.collected.values.isEmpty)
    }

    @Test(
        "a key that comes late into a window that is open to revision is published with its batch")
    func lateKey() throws {
        let harness = try windows(.tumbling(.seconds(4)).allowingLateness(.seconds(4)))
        // No record of the first window came in time: its pane is made by the late one.
        #expect(try harness.run("----b-A-|") == "------[a1.1]-[b1.1]|")
    }

    @Test("behind the allowed lateness a record goes to `late`, as it was")
    func late() throws {
        let late = CollectSink<LateRecord<Ping>>()
        let harness = try windows(.tumbling(.seconds(4)), late: late)
        #expect(try harness.run("a-------b-B|") == "--------[a1.1]--[b1.1]|")
        let record = try #require(late.collected.values.first)
        #expect(late.collected.values.count == 1)
        #expect(record.value == Ping(key: "b", time: EventTime(milliseconds: 6_000)))
        #expect(record.watermark == EventTime(milliseconds: 8_000))
    }

    @Test("a change is published early at once, and then no more often than was asked for")
    func early() throws {
        let harness = try windows(.tumbling(.seconds(10)).emit(every: .seconds(2)))
        #expect(try harness.run("aa-a|") == "-[a1.1]-[a2.2][a3.3]|")
        #expect(try harness.run("a-------|") == "-[a1.1]------|")
        #expect(try harness.run("aaaaaaaa--|") == "-[a1.1]-[a3.2]-[a5.3]-[a7.4]-[a8.5]|")
    }

    @Test("each key has its own pace: one that is published often holds up no other")
    func earlyKeys() throws {
        let harness = try windows(.tumbling(.seconds(10)).emit(every: .seconds(4)))
        #expect(try harness.run("aab-a-b-|") == "-[a1.1]-[b1.1]-[a3.2]-[b2.2]|")
    }

    @Test("a partition that is idle follows the clock, so that its windows close")
    func idle() throws {
        let harness = try windows(
            .tumbling(.seconds(2)), .boundedOutOfOrder(.zero, idleAfter: .seconds(2)))
        #expect(try harness.run("a-----|") == "---[a1.1]--|")
    }

    @Test("a filter takes back what a revision no longer passes")
    func retraction() throws {
        let harness = try pingHarness { timed, output in
            let windows = timed.keyBy("key", \.key)
                .window(.tumbling(.seconds(10)).emit(every: .seconds(1)))
            windows.late.sink("late", to: CollectSink<LateRecord<Ping>>())
            windows.aggregate("count", PingCount.self)
                .filter("few") { $0.count <= 2 }
                .map("show") { show($0) }.sink("out", to: output)
        }
        #expect(try harness.run("aaa|") == "-[a1.1][a2.2][a-.3]|")
        // What was never published is never taken back.
        #expect(try harness.run("[aaa]-a|") == "---|")
    }

    @Test("the `ChangeFilter` remembers over a restore what it has published")
    func retractionAfterRestore() throws {
        let harness = try pingHarness { timed, output in
            let windows = timed.keyBy("key", \.key)
                .window(.tumbling(.seconds(4)).allowingLateness(.seconds(20)))
            windows.late.sink("late", to: CollectSink<LateRecord<Ping>>())
            windows.aggregate("count", PingCount.self)
                .filter("few") { $0.count <= 1 }
                .map("show") { show($0) }.sink("out", to: output)
        }
        #expect(try harness.run("a---b^A-|") == "----[a1.1][a-.2]-[b1.1]|")
        #expect(try harness.runRestoringEverywhere("a---bA-B--bA|").count == 1)
    }

    @Test(
        "saved and restored anywhere, windows publish the same",
        arguments: [
            "aab-a-|", "a---b-A-----c|", "abA-bcB---cCa-bbA--|", "[aab][Aab]---[Bc]--[aAb]|",
        ])
    func restore(diagram: String) throws {
        for lateness in [0, 4, 8] {
            let harness = try windows(
                .tumbling(.seconds(4)).allowingLateness(.seconds(lateness)))
            let outcomes = try harness.runRestoringEverywhere(diagram)
            #expect(outcomes.count == 1, "\(outcomes)")
        }
    }

    @Test("seeded diagrams, restored anywhere, agree with counting by hand", arguments: 0..<10)
    func seeded(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let diagram = String((0..<24).map { _ in Array("aabbc---")[Int(random.next() % 8)] }) + "|"
        let harness = try windows(.tumbling(.seconds(4)))
        let outcomes = try harness.runRestoringEverywhere(diagram)
        #expect(outcomes.count == 1, "seed \(seed)")
        var counts: [String: Int] = [:]
        for (second, symbol) in diagram.enumerated() where symbol.isLetter {
            counts["\(symbol)\(second / 4)", default: 0] += 1
        }
        let published = outcomes[0].split { "[]| -".contains($0) }
        #expect(
            published.sorted().map(String.init)
                == counts.map { "\($0.key.prefix(1))\($0.value).1" }.sorted(), "seed \(seed)")
    }
}
