/// How a ``KafkaReader`` gets its partitions and what it may use for them.
package struct KafkaReaderOptions: Sendable {
    /// Who says which partitions are read.
    package enum Membership: Sendable {
        /// The consumer group shares the topics' partitions among its members: cooperative-sticky
        /// for one topic, `range` for several, so that equal partitions meet in one member.
        case group(String, topics: [String])
        /// The caller. With a group's name its committed offsets can be read and written.
        case byHand(group: String? = nil)
    }

    /// Which records are seen.
    package enum Isolation: String, Sendable {
        /// Records of committed transactions, and those written without one.
        case committed = "read_committed"
        /// All records.
        case uncommitted = "read_uncommitted"
    }

    /// Who says which partitions are read.
    package var membership: Membership
    /// Which records are seen; ``Isolation/committed`` also makes ``KafkaReader/committed(_:)``
    /// wait for open transactions' offsets.
    package var isolation: Isolation
    /// What the client may prefetch in all, in bytes.
    package var memoryBudget: Int
    /// Among how many partitions the budget is divided.
    package var expectedPartitions: Int
    /// How long a question to the cluster may take.
    package var requestTimeoutMilliseconds: Int

    /// Makes options.
    package init(
        _ membership: Membership, isolation: Isolation = .committed,
        memoryBudget: Int = 256 * 1_048_576, expectedPartitions: Int = 64,
        requestTimeoutMilliseconds: Int = 10_000
    ) {
        self.membership = membership
        self.isolation = isolation
        self.memoryBudget = memoryBudget
        self.expectedPartitions = expectedPartitions
        self.requestTimeoutMilliseconds = requestTimeoutMilliseconds
    }

    /// librdkafka's properties for these options.
    ///
    /// With forwarding off each partition has its own queue, and `queued.*` bound that queue, not
    /// their sum.
    var settings: [(String, String)] {
        let share = max(0, memoryBudget) / max(1, expectedPartitions)
        let kilobytes = min(max(64, share / 1_024), 2_097_151)
        // Small records are bounded by number: 256 bytes is what one costs in a queue.
        let messages = min(max(1_024, kilobytes * 1_024 / 256), 100_000)
        var settings = [
            ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"),
            ("enable.partition.eof", "true"), ("auto.offset.reset", "error"),
            ("isolation.level", isolation.rawValue),
            ("queued.max.messages.kbytes", String(kilobytes)),
            ("queued.min.messages", String(messages)),
            ("fetch.wait.max.ms", "100"),
            // How soon a group hears of partitions that were added.
            ("topic.metadata.refresh.interval.ms", "30000"),
        ]
        switch membership {
        case .group(let group, let topics):
            settings.append(("group.id", group))
            settings.append(
                ("partition.assignment.strategy", topics.count > 1 ? "range" : "cooperative-sticky")
            )
        case .byHand(let group):
            // The client insists on a name; the cluster sees it in commits only.
            settings.append(("group.id", group ?? "millrace-by-hand"))
        }
        return settings
    }
}
