package import Records

/// Reads record batches, waiting for them if asked to (KIP-98, KIP-227, KIP-516).
package struct FetchRequest: Message {
    package static let layout = MessageLayout(.fetch, versions: 4...17, flexible: 12)

    package var replicaID: Int32 = -1
    package var maxWaitMs: Int32 = 0
    package var minBytes: Int32 = 0
    package var maxBytes: Int32 = .max
    package var isolationLevel: Int8 = 0
    package var sessionID: Int32 = 0
    package var sessionEpoch: Int32 = -1
    package var topics: [FetchTopic] = []
    package var forgottenTopicsData: [ForgottenTopic] = []
    package var rackID: String = ""

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&replicaID, until: 14)
        try field(&maxWaitMs)
        try field(&minBytes)
        try field(&maxBytes)
        try field(&isolationLevel)
        try field(&sessionID, since: 7)
        try field(&sessionEpoch, since: 7)
        try field(&topics)
        try field(&forgottenTopicsData, since: 7)
        try field(&rackID, since: 11)
    }

    /// One element of `topics`.
    package struct FetchTopic: FieldGroup {
        package var topic: String = ""
        package var topicID: TopicID = .zero
        package var partitions: [FetchPartition] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&topic, until: 12)
            try field(&topicID, since: 13)
            try field(&partitions)
        }

        /// One element of `partitions`.
        package struct FetchPartition: FieldGroup {
            package var partition: Int32 = 0
            package var currentLeaderEpoch: Int32 = -1
            package var fetchOffset: Int64 = 0
            package var lastFetchedEpoch: Int32 = -1
            package var logStartOffset: Int64 = -1
            package var partitionMaxBytes: Int32 = 0

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&partition)
                try field(&currentLeaderEpoch, since: 9)
                try field(&fetchOffset)
                try field(&lastFetchedEpoch, since: 12)
                try field(&logStartOffset, since: 5)
                try field(&partitionMaxBytes)
            }
        }
    }

    /// One element of `forgottenTopicsData`.
    package struct ForgottenTopic: FieldGroup {
        package var topic: String = ""
        package var topicID: TopicID = .zero
        package var partitions: [Int32] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&topic, since: 7, until: 12)
            try field(&topicID, since: 13)
            try field(&partitions, since: 7)
        }
    }
}

/// The batches, with what a reader of committed records must leave out.
package struct FetchResponse: Message {
    package static let layout = MessageLayout(.fetch, versions: 4...17, flexible: 12)

    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var sessionID: Int32 = 0
    package var responses: [FetchableTopicResponse] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs)
        try field(&errorCode, since: 7)
        try field(&sessionID, since: 7)
        try field(&responses)
    }

    /// One element of `responses`.
    package struct FetchableTopicResponse: FieldGroup {
        package var topic: String = ""
        package var topicID: TopicID = .zero
        package var partitions: [PartitionData] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&topic, until: 12)
            try field(&topicID, since: 13)
            try field(&partitions)
        }

        /// One element of `partitions`.
        package struct PartitionData: FieldGroup {
            package var partitionIndex: Int32 = 0
            package var errorCode: Int16 = 0
            package var highWatermark: Int64 = 0
            package var lastStableOffset: Int64 = -1
            package var logStartOffset: Int64 = -1
            package var abortedTransactions: [AbortedTransaction]?
            package var preferredReadReplica: Int32 = -1
            package var records: RecordsField = .null

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&partitionIndex)
                try field(&errorCode)
                try field(&highWatermark)
                try field(&lastStableOffset)
                try field(&logStartOffset, since: 5)
                try field(&abortedTransactions)
                try field(&preferredReadReplica, since: 11)
                try field(&records)
            }

            /// One element of `abortedTransactions`.
            package struct AbortedTransaction: FieldGroup {
                package var producerID: Int64 = 0
                package var firstOffset: Int64 = 0

                package init() {}

                package mutating func describe<V: FieldVisitor>(
                    _ field: inout V
                ) throws(CodecError) {
                    try field(&producerID)
                    try field(&firstOffset)
                }
            }
        }
    }
}
