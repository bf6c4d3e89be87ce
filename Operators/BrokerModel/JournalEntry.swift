package import Records

/// A change of the broker's own state, as it is kept outside the partitions.
///
/// Reading all entries back in their order gives the state before a restart.
package enum JournalEntry: Hashable, Sendable {
    case topicCreated(name: String, id: TopicID, partitions: Int32, configs: [String: String])
    case topicDeleted(name: String)
    case partitionsAdded(topic: String, count: Int32)
    case configsSet(topic: String, configs: [String: String])
    /// Records below `offset` are gone.
    case recordsDeleted(topic: String, partition: Int32, offset: Int64)
    case offsets(group: String, commits: [OffsetStore.Commit])
    case offsetDeleted(group: String, topic: String, partition: Int32)
    case offsetsStaged(group: String, producerID: Int64, commits: [OffsetStore.Commit])
    case offsetsResolved(group: String, producerID: Int64, commit: Bool)
    /// The bytes of a ``ConsumerGroup``.
    case group([UInt8])
    case groupDeleted(String)
    case transaction(Transaction)
    /// Producer ids below this one may be in use.
    case producerIDs(next: Int64)
    case cluster(id: String)
    /// A transactional id that nobody used any more.
    case transactionDeleted(id: String)
}

extension JournalEntry: BinaryCodable {
    package init(from reader: inout ByteReader) throws(CodecError) {
        let kind = try reader.integer(UInt8.self)
        switch kind {
        case 1:
            self = .topicCreated(
                name: try reader.string(), id: try TopicID(from: &reader),
                partitions: try reader.integer(), configs: try Self.configs(&reader))
        case 2: self = .topicDeleted(name: try reader.string())
        case 3: self = .partitionsAdded(topic: try reader.string(), count: try reader.integer())
        case 4: self = .configsSet(topic: try reader.string(), configs: try Self.configs(&reader))
        case 5:
            self = .recordsDeleted(
                topic: try reader.string(), partition: try reader.integer(),
                offset: try reader.integer())
        case 6:
            self = .offsets(
                group: try reader.string(), commits: try [OffsetStore.Commit](from: &reader))
        case 7:
            self = .offsetDeleted(
                group: try reader.string(), topic: try reader.string(),
                partition: try reader.integer())
        case 8:
            self = .offsetsStaged(
                group: try reader.string(), producerID: try reader.integer(),
                commits: try [OffsetStore.Commit](from: &reader))
        case 9:
            self = .offsetsResolved(
                group: try reader.string(), producerID: try reader.integer(),
                commit: try Bool(from: &reader))
        case 10: self = .group([UInt8](try reader.lengthPrefixed()))
        case 11: self = .groupDeleted(try reader.string())
        case 12: self = .transaction(try Transaction(from: &reader))
        case 13: self = .producerIDs(next: try reader.integer())
        case 14: self = .cluster(id: try reader.string())
        case 15: self = .transactionDeleted(id: try reader.string())
        default: throw .unsupportedVersion(UInt64(kind))
        }
    }

    package func encode(into writer: inout ByteWriter) {
        switch self {
        case .topicCreated(let name, let id, let partitions, let configs):
            writer.integer(1 as UInt8)
            writer.string(name)
            id.encode(into: &writer)
            writer.integer(partitions)
            Self.write(configs, into: &writer)
        case .topicDeleted(let name):
            writer.integer(2 as UInt8)
            writer.string(name)
        case .partitionsAdded(let topic, let count):
            writer.integer(3 as UInt8)
            writer.string(topic)
            writer.integer(count)
        case .configsSet(let topic, let configs):
            writer.integer(4 as UInt8)
            writer.string(topic)
            Self.write(configs, into: &writer)
        case .recordsDeleted(let topic, let partition, let offset):
            writer.integer(5 as UInt8)
            writer.string(topic)
            writer.integer(partition)
            writer.integer(offset)
        case .offsets(let group, let commits):
            writer.integer(6 as UInt8)
            writer.string(group)
            commits.encode(into: &writer)
        case .offsetDeleted(let group, let topic, let partition):
            writer.integer(7 as UInt8)
            writer.string(group)
            writer.string(topic)
            writer.integer(partition)
        default: encodeRest(into: &writer)
        }
    }

    private func encodeRest(into writer: inout ByteWriter) {
        switch self {
        case .offsetsStaged(let group, let producerID, let commits):
            writer.integer(8 as UInt8)
            writer.string(group)
            writer.integer(producerID)
            commits.encode(into: &writer)
        case .offsetsResolved(let group, let producerID, let commit):
            writer.integer(9 as UInt8)
            writer.string(group)
            writer.integer(producerID)
            commit.encode(into: &writer)
        case .group(let bytes):
            writer.integer(10 as UInt8)
            writer.lengthPrefixed(bytes)
        case .groupDeleted(let id):
            writer.integer(11 as UInt8)
            writer.string(id)
        case .transaction(let transaction):
            writer.integer(12 as UInt8)
            transaction.encode(into: &writer)
        case .producerIDs(let next):
            writer.integer(13 as UInt8)
            writer.integer(next)
        case .cluster(let id):
            writer.integer(14 as UInt8)
            writer.string(id)
        case .transactionDeleted(let id):
            writer.integer(15 as UInt8)
            writer.string(id)
        default: break
        }
    }

    private static func configs(_ reader: inout ByteReader) throws(CodecError) -> [String: String] {
        var configs: [String: String] = [:]
        for _ in 0..<(try reader.count(minimumSize: 2)) {
            let name = try reader.string()
            configs[name] = try reader.string()
        }
        return configs
    }

    private static func write(_ configs: [String: String], into writer: inout ByteWriter) {
        writer.varint(UInt64(configs.count))
        for (name, value) in configs.sorted(by: { $0.key < $1.key }) {
            writer.string(name)
            writer.string(value)
        }
    }
}
