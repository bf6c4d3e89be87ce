package import Records

/// Asks for brokers, topics and partition leaders.
package struct MetadataRequest: Message {
    package static let layout = MessageLayout(.metadata, versions: 0...13, flexible: 9)

    package var topics: [MetadataRequestTopic]?
    package var allowAutoTopicCreation: Bool = true
    package var includeClusterAuthorizedOperations: Bool = false
    package var includeTopicAuthorizedOperations: Bool = false

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&topics, nullable: 1)
        try field(&allowAutoTopicCreation, since: 4)
        try field(&includeClusterAuthorizedOperations, since: 8, until: 10)
        try field(&includeTopicAuthorizedOperations, since: 8)
    }

    /// One element of `topics`.
    package struct MetadataRequestTopic: FieldGroup {
        package var topicID: TopicID = .zero
        package var name: String?

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&topicID, since: 10)
            try field(&name, nullable: 10)
        }
    }
}

/// Brokers, topics and partition leaders.
package struct MetadataResponse: Message {
    package static let layout = MessageLayout(.metadata, versions: 0...13, flexible: 9)

    package var throttleTimeMs: Int32 = 0
    package var brokers: [MetadataResponseBroker] = []
    package var clusterID: String?
    package var controllerID: Int32 = -1
    package var topics: [MetadataResponseTopic] = []
    package var clusterAuthorizedOperations: Int32 = .min
    package var errorCode: Int16 = 0

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs, since: 3)
        try field(&brokers)
        try field(&clusterID, since: 2)
        try field(&controllerID, since: 1)
        try field(&topics)
        try field(&clusterAuthorizedOperations, since: 8, until: 10)
        try field(&errorCode, since: 13)
    }

    /// One element of `brokers`.
    package struct MetadataResponseBroker: FieldGroup {
        package var nodeID: Int32 = 0
        package var host: String = ""
        package var port: Int32 = 0
        package var rack: String?

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&nodeID)
            try field(&host)
            try field(&port)
            try field(&rack, since: 1)
        }
    }

    /// One element of `topics`.
    package struct MetadataResponseTopic: FieldGroup {
        package var errorCode: Int16 = 0
        package var name: String?
        package var topicID: TopicID = .zero
        package var isInternal: Bool = false
        package var partitions: [MetadataResponsePartition] = []
        package var topicAuthorizedOperations: Int32 = .min

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&errorCode)
            try field(&name, nullable: 12)
            try field(&topicID, since: 10)
            try field(&isInternal, since: 1)
            try field(&partitions)
            try field(&topicAuthorizedOperations, since: 8)
        }

        /// One element of `partitions`.
        package struct MetadataResponsePartition: FieldGroup {
            package var errorCode: Int16 = 0
            package var partitionIndex: Int32 = 0
            package var leaderID: Int32 = 0
            package var leaderEpoch: Int32 = -1
            package var replicaNodes: [Int32] = []
            package var isrNodes: [Int32] = []
            package var offlineReplicas: [Int32] = []

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&errorCode)
                try field(&partitionIndex)
                try field(&leaderID)
                try field(&leaderEpoch, since: 7)
                try field(&replicaNodes)
                try field(&isrNodes)
                try field(&offlineReplicas, since: 5)
            }
        }
    }
}
