package import Dataflow
internal import Records
internal import Sinks
internal import Sources
package import State
package import Transforms

/// The pipelines that the suites of the runtime drive.
package enum TestPipelines {
    package static let windowMilliseconds: Int64 = 10_000

    /// Single events by user, the latest of each.
    package static let latestTable = TableSpec(
        "latest", columns: [.init("user", .integer), .init("at", .integer)], key: ["user"])

    /// Two stages and a follower: a shuffle in front of a window, a topic and a table of the same records.
    ///
    /// - Parameter idleAfter: after how long a partition without records follows the clock; nothing is late then,
    ///   whatever the clock does, and windows are revised.
    package static func windows(
        early: Bool = false, idleAfter: Duration? = nil
    ) -> (GraphBuilder) -> Void {
        { graph in
            let events = graph.source("events", from: KafkaSource<Event>("events"))
            events.rejected.sink("rejects", to: DeadLetters())
            let spec = WindowSpec.tumbling(.milliseconds(windowMilliseconds))
                .allowingLateness(idleAfter == nil ? .seconds(20) : .seconds(86_400))
            let windows = events.accepted
                .assignTimestamps(
                    "time", .boundedOutOfOrder(.seconds(2), idleAfter: idleAfter), \.happenedAt
                )
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
    package static func sums(_ graph: GraphBuilder) {
        let events = graph.source("events", from: KafkaSource<Event>("events"))
        events.rejected.sink("rejects", to: DeadLetters())
        events.accepted
            .assignTimestamps("time", .boundedOutOfOrder(.seconds(2)), \.happenedAt)
            .keyBy("by-user", \.user)
            .process("sum") { RunningSum() }
            .sink("sums", to: PostgresUpsert(Total.table) { .upsert($0.row) })
    }

    /// One stage that commits to the log: running sums of each user, one record an event.
    package static func running(_ graph: GraphBuilder) { bounded(ProcessOptions())(graph) }

    /// The same with bounds or ages of its keys.
    package static func bounded(
        _ options: ProcessOptions, idleAfter: Duration? = nil
    ) -> (GraphBuilder) -> Void {
        totals("sum", options, idleAfter: idleAfter) { RunningSum() }
    }

    /// The same sums, each published by a timer seconds behind its event.
    package static func delayed(idleAfter: Duration? = nil) -> (GraphBuilder) -> Void {
        totals("delay", ProcessOptions(), idleAfter: idleAfter) { DelayedSum() }
    }

    private static func totals<P: ProcessFunction>(
        _ id: StaticString, _ options: ProcessOptions, idleAfter: Duration?,
        _ make: @escaping () -> P
    ) -> (GraphBuilder) -> Void
    where P.Key == Int64, P.Input == Event, P.Output == Total {
        { graph in
            let events = graph.source("events", from: KafkaSource<Event>("events"))
            events.rejected.sink("rejects", to: DeadLetters())
            events.accepted
                .assignTimestamps(
                    "time", .boundedOutOfOrder(.seconds(2), idleAfter: idleAfter), \.happenedAt
                )
                .keyBy("by-user", \.user)
                .process(id, options, make)
                .sink("totals", to: KafkaSink("totals"))
        }
    }

    /// Every seam of a chain: fan-out, branches, a union, and a table that gets its records by a handoff.
    package static func seams(_ graph: GraphBuilder) {
        let events = graph.source("events", from: KafkaSource<Event>("events"))
        events.rejected.sink("rejects", to: DeadLetters())
        let timed = events.accepted
            .assignTimestamps("time", .boundedOutOfOrder(.seconds(2)), \.happenedAt)
        let branches = timed.branch("large") { $0.amount >= 50 }
        let doubled = branches.matching.map("doubled") { $0.doubled }
        let all = doubled.union("all", with: branches.rest)
        all.sink("copies", to: KafkaSink("copies"))
        let windows = all.keyBy("by-kind", \.kind)
            .window(.tumbling(.milliseconds(windowMilliseconds)))
        windows.late.sink("late", to: DeadLetters())
        windows.aggregate("total", Tally.self).map("row") { Total($0) }
            .sink("totals", to: PostgresUpsert(Total.table) { .upsert($0.row) })
        timed.sink(
            "latest",
            to: PostgresUpsert(latestTable) {
                .upsert([.integer($0.user), .integer($0.happenedAt.milliseconds)])
            })
    }
}
