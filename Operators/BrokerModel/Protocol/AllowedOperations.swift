/// What everybody may do where nobody keeps access control lists: bits by the numbers that Kafka gives
/// its operations (KIP-430).
package enum AllowedOperations {
    private static func bits(_ operations: [Int32]) -> Int32 {
        operations.reduce(0) { $0 | 1 << $1 }
    }

    /// Read, write, create, delete, alter, describe, and describe and alter configurations.
    package static let onTopic = bits([3, 4, 5, 6, 7, 8, 10, 11])
    /// Read, delete, describe, and describe and alter configurations.
    package static let onGroup = bits([3, 6, 8, 10, 11])
    /// Create, alter, describe, act for the cluster, describe and alter configurations, and write
    /// idempotently.
    package static let onCluster = bits([5, 7, 8, 9, 10, 11, 12])
}
