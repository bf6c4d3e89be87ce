import Dataflow
import OperatorTesting
import Records
import Sources
import State
import Transforms

/// A record with a key: `a` comes in time, `A` is of the same key and four seconds late.
struct Ping: BinaryCodable, Hashable, Sendable {
    var key: String
    var time: EventTime

    init(key: String, time: EventTime) {
        self.key = key
        self.time = time
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        self.init(key: try reader.string(), time: try EventTime(from: &reader))
    }

    func encode(into writer: inout ByteWriter) {
        writer.string(key)
        time.encode(into: &writer)
    }

    static func make(_ symbol: Character, _ now: EventTime) -> (Ping, EventTime) {
        let time = symbol.isUppercase ? now.advanced(byMilliseconds: -4_000) : now
        return (Ping(key: symbol.lowercased(), time: time), time)
    }
}

/// How many pings.
struct PingCount: Accumulator {
    var count: Int64 = 0

    init() {}

    mutating func add(_ value: Ping, at time: EventTime) { count += 1 }
    mutating func merge(_ other: PingCount) { count += other.count }

    init(from reader: inout ByteReader) throws(CodecError) { count = try reader.integer() }

    func encode(into writer: inout ByteWriter) { writer.integer(count) }
}

/// Pings with event time.
typealias TimedPings = Stream<
    OperatorFlow<SourceFlow<PushSource<Ping>>, AssignTimestamps<PropertyKey<Ping, EventTime>>>
>

/// A harness of pings with event time, whose outputs print as they are.
func pingHarness(
    _ strategy: WatermarkStrategy = .boundedOutOfOrder(.zero),
    build: (TimedPings, CollectSink<String>) -> Void
) throws -> OperatorHarness<Ping, String> {
    try OperatorHarness(
        dividedBy: \Ping.key, record: Ping.make, render: { $0 }
    ) { input, output in
        build(input.assignTimestamps("time", strategy, \.time), output)
    }
}

/// `a3.2`: key, count and revision; `a-.3` for a retraction.
func show(_ change: Change<String, PingCount>) -> String {
    "\(change.key)\(change.count.map(String.init) ?? "-").\(change.revision)"
}
