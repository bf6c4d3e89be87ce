package import Records

/// Adds partitions to topics.
package struct CreatePartitionsRequest: Message {
    package static let layout = MessageLayout(.createPartitions, versions: 0...3, flexible: 2)

    package var topics: [CreatePartitionsTopic] = []
    package var timeoutMs: Int32 = 0
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
    package struct CreatePartitionsTopic: FieldGroup {
        package var name: String = ""
        package var count: Int32 = 0
        package var assignments: [CreatePartitionsAssignment]?

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
            try field(&count)
            try field(&assignments)
        }

        /// One element of `assignments`.
        package struct CreatePartitionsAssignment: FieldGroup {
            package var brokerIDs: [Int32] = []

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&brokerIDs)
            }
        }
    }
}

/// Which topics got more partitions.
package struct CreatePartitionsResponse: Message {
    package static let layout = MessageLayout(.createPartitions, versions: 0...3, flexible: 2)

    package var throttleTimeMs: Int32 = 0
    package var results: [CreatePartitionsTopicResult] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs)
        try field(&results)
    }

    /// One element of `results`.
    package struct CreatePartitionsTopicResult: FieldGroup {
        package var name: String = ""
        package var errorCode: Int16 = 0
        package var errorMessage: String?

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
            try field(&errorCode)
            try field(&errorMessage)
        }
    }
}
