import Dataflow
import Records
import Sinks
import Sources
import State
import Transforms

/// A record that is keyed by its driver on its topic.
struct Ride: KeyedTopicRecord, BinaryCodable, Hashable, Sendable {
    var driver: Int64
    var road: Int64
    var time: EventTime

    static var topicKey: PartialKeyPath<Ride> { \Ride.driver }

    init(from reader: inout ByteReader) throws(CodecError) {
        driver = try reader.integer()
        road = try reader.integer()
        time = try EventTime(from: &reader)
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(driver)
        writer.integer(road)
        time.encode(into: &writer)
    }

    init(record: RecordView) throws(CodecError) {
        guard let value = record.value else { throw .malformed("no value") }
        try self.init(decoding: value)
    }

    func encodeKey(into writer: inout ByteWriter) -> Bool {
        driver.encode(into: &writer)
        return true
    }

    func encodeValue(into writer: inout ByteWriter) -> Bool {
        encode(into: &writer)
        return true
    }

    var row: RowChange { .upsert([.integer(driver), .integer(road)]) }

    static let table = TableSpec(
        "rides", columns: [.init("driver", .integer), .init("road", .integer)], key: ["driver"])
}

/// How many rides.
struct RideCount: Accumulator {
    var count: Int64 = 0

    init() {}

    mutating func add(_ value: Ride, at time: EventTime) { count += 1 }
    mutating func merge(_ other: RideCount) { count += other.count }

    init(from reader: inout ByteReader) throws(CodecError) { count = try reader.integer() }

    func encode(into writer: inout ByteWriter) { writer.integer(count) }
}

/// Passes rides on.
struct PassRides: ProcessFunction {
    func initialState(of key: Int64) -> Int64 { 0 }

    mutating func process(
        _ ride: Ride, at time: EventTime, key: Int64, state: inout Int64,
        context: inout ProcessContext<Ride>
    ) {
        context.emit(ride, at: time)
    }
}

/// The pipelines whose plans are kept as golden files.
enum PlanPipelines: String, CaseIterable {
    case follow, handoff, ownKey = "own-key", seams, pushed, mirrored

    func build(_ graph: GraphBuilder) {
        switch self {
        case .follow: PlanPipelines.follow(graph)
        case .handoff: PlanPipelines.handoff(graph)
        case .ownKey: PlanPipelines.ownKey(graph)
        case .seams: PlanPipelines.seams(graph)
        case .pushed: PlanPipelines.pushed(graph)
        case .mirrored: PlanPipelines.mirrored(graph)
        }
    }

    private static func rides(
        _ graph: GraphBuilder
    ) -> Stream<
        OperatorFlow<SourceFlow<KafkaSource<Ride>>, AssignTimestamps<PropertyKey<Ride, EventTime>>>
    > {
        let rides = graph.source("rides", from: KafkaSource<Ride>("rides"))
        rides.rejected.sink("rejects", to: DeadLetters())
        return rides.accepted.assignTimestamps(
            "time", .boundedOutOfOrder(.seconds(10), idleAfter: .seconds(30)), \.time)
    }

    /// A shuffle before a window, then a topic and a table of the same records.
    private static func follow(_ graph: GraphBuilder) {
        let windows = rides(graph).keyBy("by-road", \.road)
            .window(
                .tumbling(.seconds(60)).allowingLateness(.seconds(120)).emit(every: .seconds(5)))
        windows.late.sink("late", to: DeadLetters())
        let counts = windows.aggregate("count", RideCount.self)
            .filter("enough") { $0.count >= 3 }
            .map("ride") { change -> Ride in
                Ride(driver: change.key, road: change.value?.count ?? 0, at: change.window.start)
            }
        counts.sink("counts", to: KafkaSink("road-counts"))
        counts.sink("counts-table", to: PostgresUpsert(Ride.table) { $0.row })
    }

    /// A table of records that no topic carries, beside a topic.
    private static func handoff(_ graph: GraphBuilder) {
        let rides = rides(graph)
        rides.sink("rides-table", to: PostgresUpsert(Ride.table) { $0.row })
        rides.filter("own-roads") { $0.road > 0 }.sink("road-rides", to: KafkaSink("road-rides"))
    }

    /// The topic's own key: no shuffle, and a table alone is its own authority.
    private static func ownKey(_ graph: GraphBuilder) {
        rides(graph).keyBy("by-driver", \.driver)
            .process("pass", ProcessOptions(timeToLive: .seconds(600))) { PassRides() }
            .sink("rides-table", to: PostgresUpsert(Ride.table) { $0.row })
    }

    /// Fan-out, branch and union in one stage.
    private static func seams(_ graph: GraphBuilder) {
        let branches = rides(graph).branch("known") { $0.road > 0 }
        branches.matching.map("moved") { $0 }.union("all", with: branches.rest)
            .sink("all-rides", to: KafkaSink("all-rides"))
    }

    /// Pushed records: the log's answer is the caller's.
    private static func pushed(_ graph: GraphBuilder) {
        let rides = graph.source("rides", from: PushSource<Ride>())
        rides.rejected.sink("rejects", to: DeadLetters())
        rides.accepted.sink("rides-out", to: KafkaSink("rides"))
    }

    /// A second stage that reads the topic that the first one writes.
    private static func mirrored(_ graph: GraphBuilder) {
        pushed(graph)
        let read = graph.source("read", from: KafkaSource<Ride>("rides"))
        read.rejected.sink("unreadable", to: DeadLetters())
        read.accepted.sink("rides-table", to: PostgresUpsert(Ride.table) { $0.row })
    }
}

extension Ride {
    init(driver: Int64, road: Int64, at time: EventTime) {
        self.driver = driver
        self.road = road
        self.time = time
    }
}
