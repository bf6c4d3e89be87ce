import Dataflow
import Records
import Sinks
import Sources
import State
import Transforms

/// The pipelines that the suites of the runtime drive.
enum TestPipelines {
    static let windowMilliseconds: Int64 = 10_000

    /// Two stages and a follower: a shuffle in front of a window, a topic and a table of the same records.
    static func windows(early: Bool = false) -> (GraphBuilder) -> Void {
        { graph in
            let events = graph.source("events", from: KafkaSource<Event>("events"))
            events.rejected.sink("rejects", to: DeadLetters())
            let spec = WindowSpec.tumbling(.milliseconds(windowMilliseconds))
                .allowingLateness(.seconds(20))
            let windows = events.accepted
                .assignTimestamps("time", .boundedOutOfOrder(.seconds(2)), \.happenedAt)
                .filter("odd-ones-out") { $0.amount != 13 }
                .keyBy("by-kind", \.kind)
                .window(early ? spec.emit(every: .seconds(1)) : spec)
            windows.late.sink("late", to: DeadLetters())
            let totals = windows.aggregate("total", Tally.self).map("row") { Total($0) }
            totals.sink("totals", to: KafkaSink("totals"))
            totals.sink("totals-table", to: PostgresUpsert(Total.table) { .upsert($0.row) })
        }
    }

    /// One stage that commits to the database: running sums of each user, in exactly-once rows.
    static func sums(_ graph: GraphBuilder) {
        let events = graph.source("events", from: KafkaSource<Event>("events"))
        events.rejected.sink("rejects", to: DeadLetters())
        events.accepted
            .assignTimestamps("time", .boundedOutOfOrder(.seconds(2)), \.happenedAt)
            .keyBy("by-user", \.user)
            .process("sum") { RunningSum() }
            .sink("sums", to: PostgresUpsert(Total.table) { .upsert($0.row) })
    }

    /// Every seam of a chain: fan-out, branches, a union, and a table that gets its records by a handoff.
    static func seams(_ graph: GraphBuilder) {
        let events = graph.source("events", from: KafkaSource<Event>("events"))
        events.rejected.sink("rejects", to: DeadLetters())
        let timed = events.accepted
            .assignTimestamps("time", .boundedOutOfOrder(.seconds(2)), \.happenedAt)
        let branches = timed.branch("large") { $0.amount >= 50 }
        let doubled = branches.matching.map("doubled") { event in
            Event(
                user: event.user, kind: event.kind, amount: event.amount * 2,
                at: event.happenedAt.milliseconds)
        }
        let all = doubled.union("all", with: branches.rest)
        all.sink("copies", to: KafkaSink("copies"))
        let windows = all.keyBy("by-kind", \.kind)
            .window(.tumbling(.milliseconds(windowMilliseconds)))
        windows.late.sink("late", to: DeadLetters())
        windows.aggregate("total", Tally.self).map("row") { Total($0) }
            .sink("totals", to: PostgresUpsert(Total.table) { .upsert($0.row) })
        timed.sink(
            "latest",
            to: PostgresUpsert(
                TableSpec(
                    "latest", columns: [.init("user", .integer), .init("at", .integer)],
                    key: ["user"])
            ) { .upsert([.integer($0.user), .integer($0.happenedAt.milliseconds)]) })
    }
}

/// The sum of a user's amounts so far.
struct RunningSum: ProcessFunction {
    struct State: BinaryCodable {
        var count: Int64 = 0
        var sum: Int64 = 0

        init() {}

        init(from reader: inout ByteReader) throws(CodecError) {
            count = try reader.integer()
            sum = try reader.integer()
        }

        func encode(into writer: inout ByteWriter) {
            writer.integer(count)
            writer.integer(sum)
        }
    }

    func initialState(of key: Int64) -> State { State() }

    mutating func process(
        _ event: Event, at time: EventTime, key: Int64, state: inout State,
        context: inout ProcessContext<Total>
    ) {
        state.count += 1
        state.sum += event.amount
        context.emit(
            Total(kind: key, start: 0, count: state.count, sum: state.sum), at: time)
    }
}
