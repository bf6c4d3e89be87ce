internal import KafkaClient

/// What the cluster holds.
enum ClusterTopics {
    /// The topics of the cluster that the environment names, with their partitions.
    static func read() throws -> [String: Int32] {
        let admin = try KafkaAdmin(try ServiceEnvironment.current().kafka)
        defer { admin.close() }
        return try admin.topics()
    }
}
