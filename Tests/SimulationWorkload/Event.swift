internal import Dataflow
package import Records
package import State
package import Transforms

/// What the test pipelines read: somebody did something of a kind.
package struct Event: KeyedTopicRecord, BinaryCodable, Hashable, Sendable {
    package var user: Int64
    package var kind: Int64
    package var amount: Int64
    package var happenedAt: EventTime

    package static var topicKey: PartialKeyPath<Event> { \Event.user }

    package init(user: Int64, kind: Int64, amount: Int64, at milliseconds: Int64) {
        self.user = user
        self.kind = kind
        self.amount = amount
        happenedAt = EventTime(milliseconds: milliseconds)
    }

    package init(from reader: inout ByteReader) throws(CodecError) {
        user = try reader.integer()
        kind = try reader.integer()
        amount = try reader.integer()
        happenedAt = try EventTime(from: &reader)
    }

    package func encode(into writer: inout ByteWriter) {
        writer.integer(user)
        writer.integer(kind)
        writer.integer(amount)
        happenedAt.encode(into: &writer)
    }

    package init(record: RecordView) throws(CodecError) {
        guard let value = record.value else { throw .malformed("no value") }
        try self.init(decoding: value)
    }

    package func encodeKey(into writer: inout ByteWriter) -> Bool {
        user.encode(into: &writer)
        return true
    }

    package func encodeValue(into writer: inout ByteWriter) -> Bool {
        encode(into: &writer)
        return true
    }

    /// Seeded events, in order of time for each user, with half a second between two of all.
    package static func make(
        _ count: Int, seed: UInt64, users: UInt64 = 7, kinds: UInt64 = 3
    ) -> [Event] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { index in
            Event(
                user: Int64(random.next() % users), kind: Int64(random.next() % kinds),
                amount: Int64(random.next() % 100), at: Int64(index) * 500)
        }
    }
}

/// How many events, and their amounts together.
package struct Tally: Accumulator, Hashable, Sendable {
    package var count: Int64 = 0
    package var sum: Int64 = 0

    package init() {}

    package mutating func add(_ event: Event, at time: EventTime) {
        count += 1
        sum += event.amount
    }

    package mutating func merge(_ other: Tally) {
        count += other.count
        sum += other.sum
    }

    package init(from reader: inout ByteReader) throws(CodecError) {
        count = try reader.integer()
        sum = try reader.integer()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.integer(count)
        writer.integer(sum)
    }
}

/// What is published of a kind and a window.
package struct Total: TopicRecord, BinaryCodable, Hashable, Sendable {
    package var kind: Int64
    package var start: Int64
    package var count: Int64
    package var sum: Int64

    package init(kind: Int64, start: Int64, count: Int64, sum: Int64) {
        self.kind = kind
        self.start = start
        self.count = count
        self.sum = sum
    }

    package init(_ change: Change<Int64, Tally>) {
        self.init(
            kind: change.key, start: change.window.start.milliseconds,
            count: change.value?.count ?? 0, sum: change.value?.sum ?? 0)
    }

    package init(from reader: inout ByteReader) throws(CodecError) {
        kind = try reader.integer()
        start = try reader.integer()
        count = try reader.integer()
        sum = try reader.integer()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.integer(kind)
        writer.integer(start)
        writer.integer(count)
        writer.integer(sum)
    }

    package init(record: RecordView) throws(CodecError) {
        guard let value = record.value else { throw .malformed("no value") }
        try self.init(decoding: value)
    }

    package func encodeKey(into writer: inout ByteWriter) -> Bool {
        kind.encode(into: &writer)
        start.encode(into: &writer)
        return true
    }

    package func encodeValue(into writer: inout ByteWriter) -> Bool {
        encode(into: &writer)
        return true
    }

    /// The table of totals.
    package static let table = TableSpec(
        "totals",
        columns: [
            .init("kind", .integer), .init("start", .integer), .init("count", .integer),
            .init("sum", .integer),
        ], key: ["kind", "start"])

    package var row: [TableValue] {
        [.integer(kind), .integer(start), .integer(count), .integer(sum)]
    }

    package init?(row: [TableValue]) {
        guard case .integer(let kind) = row[0], case .integer(let start) = row[1],
            case .integer(let count) = row[2], case .integer(let sum) = row[3]
        else { return nil }
        self.init(kind: kind, start: start, count: count, sum: sum)
    }
}
