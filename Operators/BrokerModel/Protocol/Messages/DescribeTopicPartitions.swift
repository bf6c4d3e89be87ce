package import Records

/// Asks for topics page by page (KIP-966).
package struct DescribeTopicPartitionsRequest: Message {
    package static let layout = MessageLayout(
        .describeTopicPartitions, versions: 0...0, flexible: 0)

    package var topics: [TopicRequest] = []
    package var responsePartitionLimit: Int32 = 2000
    package var cursor: Cursor?

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&topics)
        try field(&responsePartitionLimit)
        try field(&cursor)
    }

    /// One element of `topics`.
    package struct TopicRequest: FieldGroup {
        package var name: String = ""

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
        }
    }

    /// One element of `cursor`.
    package struct Cursor: FieldGroup {
        package var topicName: String = ""
        package var partitionIndex: Int32 = 0

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&topicName)
            try field(&partitionIndex)
        }
    }
}

/// One page of topics.
package struct DescribeTopicPartitionsResponse: Message {
    package static let layout = MessageLayout(
        .describeTopicPartitions, versions: 0...0, flexible: 0)

    package var throttleTimeMs: Int32 = 0
    package var topics: [DescribeTopicPartitionsResponseTopic] = []
    package var nextCursor: Cursor?

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs)
        try field(&topics)
        try field(&nextCursor)
    }

    /// One element of `topics`.
    package struct DescribeTopicPartitionsResponseTopic: FieldGroup {
        package var errorCode: Int16 = 0
        package var name: String?
        package var topicID: TopicID = .zero
        package var isInternal: Bool = false
        package var partitions: [DescribeTopicPartitionsResponsePartition] = []
        package var topicAuthorizedOperations: Int32 = .min

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&errorCode)
            try field(&name)
            try field(&topicID)
            try field(&isInternal)
            try field(&partitions)
            try field(&topicAuthorizedOperations)
        }

        /// One element of `partitions`.
        package struct DescribeTopicPartitionsResponsePartition: FieldGroup {
            package var errorCode: Int16 = 0
            package var partitionIndex: Int32 = 0
            package var leaderID: Int32 = 0
            package var leaderEpoch: Int32 = -1
            package var replicaNodes: [Int32] = []
            package var isrNodes: [Int32] = []
            package var eligibleLeaderReplicas: [Int32]?
            package var lastKnownElr: [Int32]?
            package var offlineReplicas: [Int32] = []

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&errorCode)
                try field(&partitionIndex)
                try field(&leaderID)
                try field(&leaderEpoch)
                try field(&replicaNodes)
                try field(&isrNodes)
                try field(&eligibleLeaderReplicas)
                try field(&lastKnownElr)
                try field(&offlineReplicas)
            }
        }
    }

    /// One element of `nextCursor`.
    package struct Cursor: FieldGroup {
        package var topicName: String = ""
        package var partitionIndex: Int32 = 0

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&topicName)
            try field(&partitionIndex)
        }
    }
}
