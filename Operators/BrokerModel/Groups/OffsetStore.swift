package import Records

/// The offsets that groups have committed, and those that wait for the end of a transaction.
package struct OffsetStore: Sendable {
    /// One committed offset.
    package struct Entry: Hashable, Sendable {
        package var offset: Int64
        package var leaderEpoch: Int32
        package var metadata: String
        /// When it was committed, in ms since 1970.
        package var timestamp: Int64

        package init(offset: Int64, leaderEpoch: Int32, metadata: String, timestamp: Int64) {
            self.offset = offset
            self.leaderEpoch = leaderEpoch
            self.metadata = metadata
            self.timestamp = timestamp
        }
    }

    /// An offset with its place.
    package struct Commit: Hashable, Sendable {
        package var topic: String
        package var partition: Int32
        package var entry: Entry

        package init(topic: String, partition: Int32, entry: Entry) {
            self.topic = topic
            self.partition = partition
            self.entry = entry
        }
    }

    /// Where an offset belongs.
    package struct Place: Hashable, Comparable, Sendable {
        package var topic: String
        package var partition: Int32

        package init(topic: String, partition: Int32) {
            self.topic = topic
            self.partition = partition
        }

        package static func < (a: Place, b: Place) -> Bool {
            (a.topic, a.partition) < (b.topic, b.partition)
        }
    }

    private var committed: [String: [Place: Entry]] = [:]
    /// By group and producer.
    private var pending: [String: [Int64: [Place: Entry]]] = [:]

    package init() {}

    /// The groups that have offsets, by name.
    package var groups: [String] { committed.keys.sorted() }

    /// Stores offsets.
    package mutating func commit(_ commits: [Commit], group: String) {
        for commit in commits {
            let place = Place(topic: commit.topic, partition: commit.partition)
            committed[group, default: [:]][place] = commit.entry
        }
    }

    /// Stores offsets that count once the producer's transaction commits.
    package mutating func stage(_ commits: [Commit], group: String, producerID: Int64) {
        for commit in commits {
            let place = Place(topic: commit.topic, partition: commit.partition)
            pending[group, default: [:]][producerID, default: [:]][place] = commit.entry
        }
    }

    /// Ends the producer's transaction in a group.
    package mutating func resolve(group: String, producerID: Int64, commit: Bool) {
        guard let staged = pending[group]?.removeValue(forKey: producerID) else { return }
        if pending[group]?.isEmpty == true { pending[group] = nil }
        if commit { committed[group, default: [:]].merge(staged) { $1 } }
    }

    /// The committed offset.
    package func entry(group: String, _ place: Place) -> Entry? {
        committed[group]?[place]
    }

    /// All committed offsets of a group, by place.
    package func entries(group: String) -> [(place: Place, entry: Entry)] {
        (committed[group] ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// What waits for the end of transactions, by group and producer.
    package var staged: [(group: String, producerID: Int64, commits: [Commit])] {
        pending.sorted { $0.key < $1.key }.flatMap { group, producers in
            producers.sorted { $0.key < $1.key }.map { producerID, places in
                let commits = places.sorted { $0.key < $1.key }.map {
                    Commit(topic: $0.key.topic, partition: $0.key.partition, entry: $0.value)
                }
                return (group, producerID, commits)
            }
        }
    }

    /// Whether an open transaction holds the offset (KIP-447, require stable).
    package func isUnstable(group: String, _ place: Place) -> Bool {
        pending[group]?.values.contains { $0[place] != nil } ?? false
    }

    /// Whether an open transaction holds any offset of the group.
    package func hasPending(group: String) -> Bool { pending[group] != nil }

    /// Whether the group has offsets, committed or waiting for a transaction.
    package func holdsAny(group: String) -> Bool {
        committed[group] != nil || pending[group] != nil
    }

    /// Forgets one offset; false when there was none.
    package mutating func remove(group: String, _ place: Place) -> Bool {
        let removed = committed[group]?.removeValue(forKey: place) != nil
        if committed[group]?.isEmpty == true { committed[group] = nil }
        return removed
    }

    /// Forgets a group.
    package mutating func remove(group: String) {
        committed[group] = nil
        pending[group] = nil
    }

    /// Forgets all offsets of a topic that was deleted.
    package mutating func remove(topic: String) {
        for group in committed.keys {
            committed[group] = committed[group]?.filter { $0.key.topic != topic }
            if committed[group]?.isEmpty == true { committed[group] = nil }
        }
        for (group, producers) in pending {
            pending[group] = producers.mapValues { $0.filter { $0.key.topic != topic } }
        }
    }
}

extension OffsetStore.Commit: BinaryCodable {
    package init(from reader: inout ByteReader) throws(CodecError) {
        topic = try reader.string()
        partition = try reader.integer()
        entry = OffsetStore.Entry(
            offset: try reader.integer(), leaderEpoch: try reader.integer(),
            metadata: try reader.string(), timestamp: try reader.integer())
    }

    package func encode(into writer: inout ByteWriter) {
        writer.string(topic)
        writer.integer(partition)
        writer.integer(entry.offset)
        writer.integer(entry.leaderEpoch)
        writer.string(entry.metadata)
        writer.integer(entry.timestamp)
    }
}
