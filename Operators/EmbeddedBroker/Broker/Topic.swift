internal import BrokerModel

/// A topic with its partitions.
final class Topic {
    let name: String
    let id: TopicID
    var config: TopicConfig
    var partitions: [Partition] = []

    init(name: String, id: TopicID, config: TopicConfig) {
        self.name = name
        self.id = id
        self.config = config
    }

    /// Whether Kafka allows the name: 1 to 249 of `a-z A-Z 0-9 . _ -`, and neither `.` nor `..`.
    static func isValid(name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= 249, name != ".", name != ".." else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }
}

/// A partition with those who wait for something to happen to it.
final class Partition {
    /// Who holds a partition for longer than a call must hold its topic as well.
    unowned let topic: Topic
    let index: Int32
    let store: PartitionStore
    /// Reads that wait for more records.
    var waitingFetches: [PendingFetch] = []
    /// What is to be done once records below an offset are durable, or have failed to be.
    var durabilityWaiters: [(offset: Int64, action: (_ isDurable: Bool) -> Void)] = []
    /// When the oldest record that is not durable came, in ms.
    var dirtySince: Int64?
    /// Whether a sync failed: nothing can be promised any more until the broker starts again.
    var isFailed = false
    /// Whether a sync of this partition is asked for, or under way.
    var isSyncWanted = false
    var isSyncing = false
    /// Whether the topic is gone.
    var isDeleted = false

    init(topic: Topic, index: Int32, store: PartitionStore) {
        self.topic = topic
        self.index = index
        self.store = store
    }

    var place: OffsetStore.Place { OffsetStore.Place(topic: topic.name, partition: index) }
    var name: String { "\(topic.name)-\(index)" }
}
