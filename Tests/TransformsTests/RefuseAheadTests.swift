import Dataflow
import OperatorTesting
import Records
import Testing
import Transforms

/// `RefuseAhead` by marbles: an upper-case letter lies 61 s ahead of the clock, a lower-case one 60 s, a digit as
/// many seconds behind it.
@Suite("What lies ahead of the clock")
struct RefuseAheadTests {
    private static func make(_ symbol: Character, _ now: EventTime) -> (Ping, EventTime) {
        let seconds = symbol.wholeNumberValue.map { -$0 } ?? (symbol.isUppercase ? 61 : 60)
        return (
            Ping(
                key: "\(symbol)", time: now.advanced(byMilliseconds: Int64(seconds) * 1_000)),
            now
        )
    }

    @Test("is refused with the reason, and what lies at the bound or behind is not")
    func refused() throws {
        let harness = try OperatorHarness<Ping, String>(
            dividedBy: \.key, record: RefuseAheadTests.make, render: { $0 }
        ) { input, output in
            let timely = input.refuseAhead("timely", by: .seconds(60), \.time)
            let taken = timely.accepted.map("taken") { $0.key }
            let refused = timely.rejected.map("refused") { "\($0.code): \($0.reason)" }
            taken.union("all", with: refused).sink("out", to: output)
        }
        let reason =
            "rejected: its time 1970-01-01T00:01:02.000Z lies 61.0 s ahead of the clock; at most 60.0 s are taken"
        #expect(try harness.runRestoringEverywhere("aA9-b|") == ["a[\(reason)]9-b|"])
    }

    @Test("does not take event time with it, and without the operator it does")
    func eventTime() throws {
        func run(refusing: Bool) throws -> String {
            let harness = try OperatorHarness<Ping, String>(
                dividedBy: \.key, record: RefuseAheadTests.make, render: { $0 }
            ) { input, output in
                let timely = input.refuseAhead(
                    "timely", by: .seconds(refusing ? 60 : 1_000_000), \.time)
                timely.rejected.filter("none") { _ in false }.map("nothing") { _ in "" }
                    .union(
                        "all",
                        with: timely.accepted.assignTimestamps(
                            "time", .boundedOutOfOrder(.zero), \.time
                        ).keyBy("by-key", \.key).process("late") { Lateness() }
                    ).sink("out", to: output)
            }
            return try harness.run("0X0|")
        }
        #expect(try run(refusing: true) == "0-0|")
        #expect(try run(refusing: false) == "0X[late]|")
    }
}

/// Says of each record whether event time had passed it.
private struct Lateness: ProcessFunction {
    mutating func initialState(of key: String) -> Int64 { 0 }
    mutating func process(
        _ input: Ping, at time: EventTime, key: String, state: inout Int64,
        context: inout ProcessContext<String>
    ) {
        context.emit(time < context.watermark ? "late" : input.key, at: time)
    }
}
