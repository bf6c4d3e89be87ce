internal import Dataflow
internal import Records
internal import Sinks
internal import Sources
package import State
internal import Transforms

/// A pipeline that a seed puts together: what it leaves out, whether it branches, which topics it writes, how its
/// table gets its rows, and one shuffle or two; some records are too large for every topic.
package struct FuzzedGraph: Hashable, Sendable {
    /// How the table of single events gets its rows.
    package enum Rows: CaseIterable, Sendable {
        /// There is none.
        case none
        /// From the topic of the same records, or by a handoff where there is none.
        case straight
        /// By a handoff in any case.
        case apart
    }

    /// Events whose amounts end in this digit are left out.
    let omittedDigit: Int64
    /// Whether large amounts are doubled on a branch, which is joined with the rest again.
    let isBranched: Bool
    /// Whether single events are published.
    let publishes: Bool
    /// The table of single events.
    let rows: Rows
    /// Whether the counts are shuffled once more and counted in a table.
    let hasTallies: Bool
    /// Whether the counts are published.
    let publishesCounts: Bool
    /// After how long a partition without records follows the clock.
    let idleAfter: Duration?

    /// The graph of a seed.
    init(seed: UInt64, idleAfter: Duration?) {
        var random = SeededGenerator(seed: SeededGenerator.mix(seed ^ 0xF0_22))
        func isHeads() -> Bool { random.next() % 2 == 0 }
        omittedDigit = Int64(random.next() % 10)
        isBranched = isHeads()
        publishes = isHeads()
        rows = Rows.allCases[Int(random.next() % UInt64(Rows.allCases.count))]
        hasTallies = isHeads()
        publishesCounts = !hasTallies || isHeads()
        self.idleAfter = idleAfter
    }

    /// The most bytes that a topic takes.
    package static let recordBound = 1_000

    /// Single events, each with a key of its own.
    package static let table = TableSpec(
        "parcels", columns: [.init("user", .integer), .init("at", .integer)], key: ["user", "at"])

    /// What becomes of an event: a record that no topic takes when its amount says so.
    static func parcel(_ event: Event) -> Parcel {
        Parcel(event: event, size: isTooLarge(event) ? 5_000 : 10)
    }

    static func isTooLarge(_ event: Event) -> Bool { event.amount % 7 == 3 }

    /// The operators that write single events to topics.
    var writers: [String] {
        ["by-kind"] + (publishes ? ["copies"] : []) + (isHandedOff ? ["rows"] : [])
    }

    private var isHandedOff: Bool { rows == .apart || (rows == .straight && !publishes) }

    // MARK: Building

    func define(_ graph: GraphBuilder) {
        let events = graph.source("events", from: KafkaSource<Event>("events"))
        events.rejected.sink("rejects", to: DeadLetters())
        let some = events.accepted
            .assignTimestamps(
                "time", .boundedOutOfOrder(.seconds(2), idleAfter: idleAfter), \.happenedAt
            )
            .filter("some") { [omittedDigit] in $0.amount % 10 != omittedDigit }
        guard isBranched else { return finish(some) }
        let branches = some.branch("large") { $0.amount >= 50 }
        let doubled = branches.matching.map("doubled") { $0.doubled }
        finish(doubled.union("all", with: branches.rest))
    }

    private func finish<F: Flow>(_ events: Stream<F>) where F.Out == Event {
        let parcels = events.map("parcel") { FuzzedGraph.parcel($0) }
        if publishes { parcels.sink("copies", to: KafkaSink("copies")) }
        switch rows {
        case .none: break
        case .straight: keep(parcels)
        case .apart: keep(parcels.map("again") { $0 })
        }
        let counts = parcels.keyBy("by-kind", \.event.kind)
            .process("count") { RunningCount<Parcel>() }
        if publishesCounts { counts.sink("counts", to: KafkaSink("counts")) }
        guard hasTallies else { return }
        counts.keyBy("by-rest") { $0.count % 3 }.process("tally") { RunningCount<Total>() }
            .sink("tallies", to: PostgresUpsert(Total.table) { .upsert($0.row) })
    }

    private func keep<F: Flow>(_ parcels: Stream<F>) where F.Out == Parcel {
        parcels.sink(
            "rows",
            to: PostgresUpsert(FuzzedGraph.table) {
                .upsert([.integer($0.event.user), .integer($0.event.happenedAt.milliseconds)])
            })
    }

    // MARK: The oracle

    /// The events that are not left out, as they are published.
    func taken(_ events: [Event]) -> [Event] {
        events.filter { $0.amount % 10 != omittedDigit }
            .map { isBranched && $0.amount >= 50 ? $0.doubled : $0 }
    }

    /// How many of the events that fit are of each kind.
    func counts(_ events: [Event]) -> [Int64: Int64] {
        Dictionary(
            taken(events).filter { !FuzzedGraph.isTooLarge($0) }.map { ($0.kind, 1) },
            uniquingKeysWith: +)
    }

    /// How many counts have each rest.
    func tallies(_ events: [Event]) -> [Int64: Int64] {
        Dictionary(
            counts(events).values.flatMap { (1...$0).map { ($0 % 3, 1) } }, uniquingKeysWith: +)
    }
}

extension Event {
    /// Twice as large.
    var doubled: Event {
        var event = self
        event.amount *= 2
        return event
    }
}
