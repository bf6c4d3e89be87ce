package import Records

/// Deletes topics by name or id.
package struct DeleteTopicsRequest: Message {
    package static let layout = MessageLayout(.deleteTopics, versions: 1...6, flexible: 4)

    package var topics: [DeleteTopicState] = []
    package var topicNames: [String] = []
    package var timeoutMs: Int32 = 0

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&topics, since: 6)
        try field(&topicNames, until: 5)
        try field(&timeoutMs)
    }

    /// One element of `topics`.
    package struct DeleteTopicState: FieldGroup {
        package var name: String?
        package var topicID: TopicID = .zero

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name, since: 6)
            try field(&topicID, since: 6)
        }
    }
}

/// Which topics were deleted.
package struct DeleteTopicsResponse: Message {
    package static let layout = MessageLayout(.deleteTopics, versions: 1...6, flexible: 4)

    package var throttleTimeMs: Int32 = 0
    package var responses: [DeletableTopicResult] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs)
        try field(&responses)
    }

    /// One element of `responses`.
    package struct DeletableTopicResult: FieldGroup {
        package var name: String?
        package var topicID: TopicID = .zero
        package var errorCode: Int16 = 0
        package var errorMessage: String?

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name, nullable: 6)
            try field(&topicID, since: 6)
            try field(&errorCode)
            try field(&errorMessage, since: 5)
        }
    }
}
