import Dataflow
import Records
import State
import Transforms

/// What the test pipelines read: somebody did something of a kind.
struct Event: KeyedTopicRecord, BinaryCodable, Hashable, Sendable {
    var user: Int64
    var kind: Int64
    var amount: Int64
    var happenedAt: EventTime

    static var topicKey: PartialKeyPath<Event> { \Event.user }

    init(user: Int64, kind: Int64, amount: Int64, at milliseconds: Int64) {
        self.user = user
        self.kind = kind
        self.amount = amount
        happenedAt = EventTime(milliseconds: milliseconds)
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        user = try reader.integer()
        kind = try reader.integer()
        amount = try reader.integer()
        happenedAt = try EventTime(from: &reader)
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(user)
        writer.integer(kind)
        writer.integer(amount)
        happenedAt.encode(into: &writer)
    }

    init(record: RecordView) throws(CodecError) {
        guard let value = record.value else { throw .malformed("no value") }
        try self.init(decoding: value)
    }

    func encodeKey(into writer: inout ByteWriter) -> Bool {
        user.encode(into: &writer)
        return true
    }

    func encodeValue(into writer: inout ByteWriter) -> Bool {
        encode(into: &writer)
        return true
    }

    /// Seeded events, in order of time for each user, with half a second between two of all.
    static func make(_ count: Int, seed: UInt64, users: UInt64 = 7, kinds: UInt64 = 3) -> [Event] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { index in
            Event(
                user: Int64(random.next() % users), kind: Int64(random.next() % kinds),
                amount: Int64(random.next() % 100), at: Int64(index) * 500)
        }
    }
}

/// How many events, and their amounts together.
struct Tally: Accumulator, Hashable, Sendable {
    var count: Int64 = 0
    var sum: Int64 = 0

    init() {}

    mutating func add(_ event: Event, at time: EventTime) {
        count += 1
        sum += event.amount
    }

    mutating func merge(_ other: Tally) {
        count += other.count
        sum += other.sum
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        count = try reader.integer()
        sum = try reader.integer()
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(count)
        writer.integer(sum)
    }
}

/// What is published of a kind and a window.
struct Total: TopicRecord, BinaryCodable, Hashable, Sendable {
    var kind: Int64
    var start: Int64
    var count: Int64
    var sum: Int64

    init(kind: Int64, start: Int64, count: Int64, sum: Int64) {
        self.kind = kind
        self.start = start
        self.count = count
        self.sum = sum
    }

    init(_ change: Change<Int64, Tally>) {
        self.init(
            kind: change.key, start: change.window.start.milliseconds,
            count: change.value?.count ?? 0, sum: change.value?.sum ?? 0)
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        kind = try reader.integer()
        start = try reader.integer()
        count = try reader.integer()
        sum = try reader.integer()
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(kind)
        writer.integer(start)
        writer.integer(count)
        writer.integer(sum)
    }

    init(record: RecordView) throws(CodecError) {
        guard let value = record.value else { throw .malformed("no value") }
        try self.init(decoding: value)
    }

    func encodeKey(into writer: inout ByteWriter) -> Bool {
        kind.encode(into: &writer)
        start.encode(into: &writer)
        return true
    }

    func encodeValue(into writer: inout ByteWriter) -> Bool {
        encode(into: &writer)
        return true
    }

    /// The table of totals.
    static let table = TableSpec(
        "totals",
        columns: [
            .init("kind", .integer), .init("start", .integer), .init("count", .integer),
            .init("sum", .integer),
        ], key: ["kind", "start"])

    var row: [TableValue] { [.integer(kind), .integer(start), .integer(count), .integer(sum)] }

    init?(row: [TableValue]) {
        guard case .integer(let kind) = row[0], case .integer(let start) = row[1],
            case .integer(let count) = row[2], case .integer(let sum) = row[3]
        else { return nil }
        self.init(kind: kind, start: start, count: count, sum: sum)
    }
}
