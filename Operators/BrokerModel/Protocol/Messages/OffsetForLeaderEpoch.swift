package import Records

/// Asks where a leader epoch ended (KIP-320).
package struct OffsetForLeaderEpochRequest: Message {
    package static let layout = MessageLayout(.offsetForLeaderEpoch, versions: 2...4, flexible: 4)

    package var replicaID: Int32 = -2
    package var topics: [OffsetForLeaderTopic] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&replicaID, since: 3)
        try field(&topics)
    }

    /// One element of `topics`.
    package struct OffsetForLeaderTopic: FieldGroup {
        package var topic: String = ""
        package var partitions: [OffsetForLeaderPartition] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&topic)
            try field(&partitions)
        }

        /// One element of `partitions`.
        package struct OffsetForLeaderPartition: FieldGroup {
            package var partition: Int32 = 0
            package var currentLeaderEpoch: Int32 = -1
            package var leaderEpoch: Int32 = 0

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&partition)
                try field(&currentLeaderEpoch)
                try field(&leaderEpoch)
            }
        }
    }
}

/// Where the epochs ended.
package struct OffsetForLeaderEpochResponse: Message {
    package static let layout = MessageLayout(.offsetForLeaderEpoch, versions: 2...4, flexible: 4)

    package var throttleTimeMs: Int32 = 0
    package var topics: [OffsetForLeaderTopicResult] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs)
        try field(&topics)
    }

    /// One element of `topics`.
    package struct OffsetForLeaderTopicResult: FieldGroup {
        package var topic: String = ""
        package var partitions: [EpochEndOffset] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&topic)
            try field(&partitions)
        }

        /// One element of `partitions`.
        package struct EpochEndOffset: FieldGroup {
            package var errorCode: Int16 = 0
            package var partition: Int32 = 0
            package var leaderEpoch: Int32 = -1
            package var endOffset: Int64 = -1

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&errorCode)
                try field(&partition)
                try field(&leaderEpoch)
                try field(&endOffset)
            }
        }
    }
}
