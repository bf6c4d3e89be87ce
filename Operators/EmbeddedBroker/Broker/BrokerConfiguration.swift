package import BrokerModel

/// How an embedded broker behaves.
package struct BrokerConfiguration: Sendable {
    /// The absolute path of the folder that holds everything.
    package var dataDirectory: String
    /// Whether asking for a topic that is not there makes it.
    package var autoCreateTopics = true
    /// The partitions of a topic for which nobody says how many.
    package var defaultPartitions: Int32 = 1
    /// When records are made durable, unless the topic says otherwise.
    package var flush: FlushPolicy = .interval(1_000)
    /// The bounds of group coordination.
    package var groups = GroupCoordinator.Limits()
    /// The bounds of transactions.
    package var transactions = TransactionCoordinator.Limits()
    /// The greatest request that is read, in bytes; a longer one closes the connection.
    package var maximumRequest = 100 << 20
    /// The greatest Fetch response, in bytes, whatever the client allows.
    package var maximumFetch = 55 << 20
    /// The partitions the broker keeps.
    package var maximumPartitions = 20_000
    /// The longest metadata of a committed offset, in bytes.
    package var maximumOffsetMetadata = 4_096
    /// Passwords by user; with any, clients must authenticate by SASL PLAIN.
    package var users: [String: String] = [:]
    /// With it, clients must connect by TLS.
    package var certificate: BrokerCertificate?
    /// How long offsets are kept once their group has neither members nor commits, in ms.
    package var offsetRetention: Int64 = 604_800_000
    /// After how long a transactional id that nobody uses is forgotten, in ms.
    package var transactionalIDExpiration: Int64 = 604_800_000
    /// How many keys one pass of compaction takes up.
    package var compactionKeys = 500_000
    /// How often retention and compaction are looked at, in ms.
    package var maintenanceInterval: Int64 = 30_000
    /// After how long an idle producer's sequence is forgotten, in ms.
    package var producerExpiration: Int64 = 86_400_000
    /// What ids are made from.
    package var seed: UInt64

    /// - Parameter seed: gives cluster, topic and member ids; a random number outside tests.
    package init(dataDirectory: String, seed: UInt64 = .random(in: .min ... .max)) {
        self.dataDirectory = dataDirectory
        self.seed = seed
    }
}
