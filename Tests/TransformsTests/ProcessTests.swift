import Dataflow
import OperatorTesting
import Records
import State
import Testing
import Transforms

/// Counts the pings of a key.
struct PingCounter: ProcessFunction {
    func initialState(of key: String) -> Int64 { 0 }

    mutating func process(
        _ ping: Ping, at time: EventTime, key: String, state: inout Int64,
        context: inout ProcessContext<String>
    ) {
        state += 1
        context.emit("\(key)\(state)", at: time)
    }
}

/// Emits how many pings came in a row, three seconds after the last.
struct PingSession: ProcessFunction {
    struct State: BinaryCodable {
        var count: Int64 = 0
        var last = EventTime.min

        init() {}

        init(from reader: inout ByteReader) throws(CodecError) {
            count = try reader.integer()
            last = try EventTime(from: &reader)
        }

        func encode(into writer: inout ByteWriter) {
            writer.integer(count)
            last.encode(into: &writer)
        }
    }

    func initialState(of key: String) -> State { State() }

    mutating func process(
        _ ping: Ping, at time: EventTime, key: String, state: inout State,
        context: inout ProcessContext<String>
    ) {
        state.count += 1
        state.last = max(state.last, time)
        context.setTimer(at: state.last.advanced(byMilliseconds: 3_000))
    }

    mutating func timer(
        at time: EventTime, key: String, state: inout State, context: inout ProcessContext<String>
    ) {
        guard time.millisecondsSince(state.last) >= 3_000 else { return }
        context.emit("\(key)\(state.count)", at: state.last)
        context.forget()
    }
}

/// Holds each ping back until the next of its key.
struct PingDelay: ProcessFunction {
    func initialState(of key: String) -> EventTime? { nil }

    mutating func process(
        _ ping: Ping, at time: EventTime, key: String, state: inout EventTime?,
        context: inout ProcessContext<String>
    ) {
        if let held = state { context.emit("\(key)\(held.milliseconds / 1_000)", at: held) }
        state = time
    }

    func pendingTime(of state: EventTime?) -> EventTime? { state }
}

/// `ProcessOperator` by marbles.
@Suite("Process function")
struct ProcessTests {
    private func harness<Function: ProcessFunction>(
        _ options: ProcessOptions = ProcessOptions(), _ make: @escaping () -> Function
    ) throws -> OperatorHarness<Ping, String>
    where Function.Key == String, Function.Input == Ping, Function.Output == String {
        try pingHarness { timed, output in
            timed.keyBy("key", \.key).process("function", options, make).sink("out", to: output)
        }
    }

    @Test("keeps a state for each key")
    func state() throws {
        let harness = try harness { PingCounter() }
        #expect(try harness.run("ab-a[bba]|") == "[a1][b1]-[a2][b2 b3 a3]|")
        #expect(try harness.runRestoringEverywhere("ab-a[bba]|").count == 1)
    }

    @Test("fires timers when event time passes them, and forgets what it is told to")
    func timers() throws {
        let harness = try harness { PingSession() }
        #expect(try harness.run("a-a----b-|") == "-------[a2]-[b1]|")
        // The second ping comes before its own event time does: it is of the same row.
        #expect(try harness.run("a----a----b|") == "----------[a2][b1]|")
    }

    @Test(
        "timers and states survive a restore at every point",
        arguments: [
            "a-a----b-|", "aba--b----ab-a---|", "[ab]a-[bc]---c-a----b|",
        ])
    func timersRestored(diagram: String) throws {
        let outcomes = try harness { PingSession() }.runRestoringEverywhere(diagram)
        #expect(outcomes.count == 1, "\(outcomes)")
    }

    @Test("forgets a key when its time to live is over")
    func timeToLive() throws {
        let harness = try harness(ProcessOptions(timeToLive: .seconds(3))) { PingCounter() }
        #expect(try harness.run("a-b-----b--a|") == "[a1]-[b1]-----[b2]--[a1]|")
        #expect(try harness.run("a-a-a-a-a-a|") == "[a1]-[a2]-[a3]-[a4]-[a5]-[a6]|")
        let outcomes = try harness.runRestoringEverywhere("a-b-----b--ab-a-------ab|")
        #expect(outcomes.count == 1, "\(outcomes)")
    }

    @Test("holds the watermark at what the function holds back, within its bound")
    func hold() throws {
        var collected: Collected<String>?
        let harness = try pingHarness { timed, output in
            collected = output.collected
            timed.keyBy("key", \.key)
                .process("delay", ProcessOptions(maximumHold: .seconds(5))) { PingDelay() }
                .sink("out", to: output)
        }
        let output = try #require(collected)
        #expect(try harness.run("b--a") == "----")
        #expect(output.watermark == EventTime(milliseconds: 0))
        #expect(try harness.run("b------a") == "--------")
        #expect(output.watermark == EventTime(milliseconds: 2_000))
        #expect(try harness.run("a-a|") == "--[a0]|")
        #expect(output.watermark == .max)
        #expect(try harness.runRestoringEverywhere("ab-a--b[ab]|").count == 1)
    }

    @Test("where keys may be left out, no more than the bound are kept, and the rest goes on")
    func leftOut() throws {
        let options = ProcessOptions(
            timeToLive: .seconds(3), maximumKeys: 2, whenFull: .leaveOut)
        let harness = try harness(options) { PingCounter() }
        #expect(try harness.run("[abc][abc]|") == "[a1 b1][a2 b2]|")
        // Once one is forgotten there is room for another.
        #expect(try harness.run("[abc]--b--b--[cb]|") == "[a1 b1]--[b2]--[b3]--[c1 b4]|")
    }

    @Test("refuses a key beyond its bound, and says so")
    func bound() throws {
        let harness = try harness(ProcessOptions(maximumKeys: 2)) { PingCounter() }
        #expect(try harness.run("abab|") == "[a1][b1][a2][b2]|")
        let error = #expect(throws: DataflowError.self) { try harness.run("abc|") }
        #expect(error?.code == .limitExceeded)
        #expect(error?.operatorID?.rawValue == "function")
    }
}
