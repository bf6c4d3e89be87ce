package import Records

/// A member of a group of the new protocol says that it is alive and what it reads (KIP-848).
package struct ConsumerGroupHeartbeatRequest: Message {
    package static let layout = MessageLayout(
        .consumerGroupHeartbeat, versions: 0...1, flexible: 0)

    package var groupID: String = ""
    package var memberID: String = ""
    package var memberEpoch: Int32 = 0
    package var instanceID: String?
    package var rackID: String?
    package var rebalanceTimeoutMs: Int32 = -1
    package var subscribedTopicNames: [String]?
    package var subscribedTopicRegex: String?
    package var serverAssignor: String?
    package var topicPartitions: [TopicPartitions]?

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&groupID)
        try field(&memberID)
        try field(&memberEpoch)
        try field(&instanceID)
        try field(&rackID)
        try field(&rebalanceTimeoutMs)
        try field(&subscribedTopicNames)
        try field(&subscribedTopicRegex, since: 1)
        try field(&serverAssignor)
        try field(&topicPartitions)
    }

    /// One element of `topicPartitions`.
    package struct TopicPartitions: FieldGroup {
        package var topicID: TopicID = .zero
        package var partitions: [Int32] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&topicID)
            try field(&partitions)
        }
    }
}

/// What the member has to read.
package struct ConsumerGroupHeartbeatResponse: Message {
    package static let layout = MessageLayout(
        .consumerGroupHeartbeat, versions: 0...1, flexible: 0)

    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var errorMessage: String?
    package var memberID: String?
    package var memberEpoch: Int32 = 0
    package var heartbeatIntervalMs: Int32 = 0
    package var assignment: Assignment?

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs)
        try field(&errorCode)
        try field(&errorMessage)
        try field(&memberID)
        try field(&memberEpoch)
        try field(&heartbeatIntervalMs)
        try field(&assignment)
    }

    /// The partitions of a member.
    package struct Assignment: FieldGroup {
        package var topicPartitions: [ConsumerGroupHeartbeatRequest.TopicPartitions] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&topicPartitions)
        }
    }
}
