package import Records

/// Creates topics.
package struct CreateTopicsRequest: Message {
    package static let layout = MessageLayout(.createTopics, versions: 2...7, flexible: 5)

    package var topics: [CreatableTopic] = []
    package var timeoutMs: Int32 = 60000
    package var validateOnly: Bool = false

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&topics)
        try field(&timeoutMs)
        try field(&validateOnly)
    }

    /// One element of `topics`.
    package struct CreatableTopic: FieldGroup {
        package var name: String = ""
        package var numPartitions: Int32 = 0
        package var replicationFactor: Int16 = 0
        package var assignments: [CreatableReplicaAssignment] = []
        package var configs: [CreatableTopicConfig] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
            try field(&numPartitions)
            try field(&replicationFactor)
            try field(&assignments)
            try field(&configs)
        }

        /// One element of `assignments`.
        package struct CreatableReplicaAssignment: FieldGroup {
            package var partitionIndex: Int32 = 0
            package var brokerIDs: [Int32] = []

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&partitionIndex)
                try field(&brokerIDs)
            }
        }

        /// One element of `configs`.
        package struct CreatableTopicConfig: FieldGroup {
            package var name: String = ""
            package var value: String?

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&name)
                try field(&value)
            }
        }
    }
}

/// Which topics were created.
package struct CreateTopicsResponse: Message {
    package static let layout = MessageLayout(.createTopics, versions: 2...7, flexible: 5)

    package var throttleTimeMs: Int32 = 0
    package var topics: [CreatableTopicResult] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs)
        try field(&topics)
    }

    /// One element of `topics`.
    package struct CreatableTopicResult: FieldGroup {
        package var name: String = ""
        package var topicID: TopicID = .zero
        package var errorCode: Int16 = 0
        package var errorMessage: String?
        package var numPartitions: Int32 = -1
        package var replicationFactor: Int16 = -1
        package var configs: [CreatableTopicConfigs]?

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
            try field(&topicID, since: 7)
            try field(&errorCode)
            try field(&errorMessage)
            try field(&numPartitions, since: 5)
            try field(&replicationFactor, since: 5)
            try field(&configs, since: 5)
        }

        /// One element of `configs`.
        package struct CreatableTopicConfigs: FieldGroup {
            package var name: String = ""
            package var value: String?
            package var readOnly: Bool = false
            package var configSource: Int8 = -1
            package var isSensitive: Bool = false

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&name, since: 5)
                try field(&value, since: 5)
                try field(&readOnly, since: 5)
                try field(&configSource, since: 5)
                try field(&isSensitive, since: 5)
            }
        }
    }
}
