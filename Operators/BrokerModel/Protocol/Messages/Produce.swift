package import Records

/// Appends record batches to partitions.
package struct ProduceRequest: Message {
    package static let layout = MessageLayout(.produce, versions: 3...11, flexible: 9)

    package var transactionalID: String?
    package var acks: Int16 = 0
    package var timeoutMs: Int32 = 0
    package var topicData: [TopicProduceData] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&transactionalID)
        try field(&acks)
        try field(&timeoutMs)
        try field(&topicData)
    }

    /// One element of `topicData`.
    package struct TopicProduceData: FieldGroup {
        package var name: String = ""
        package var partitionData: [PartitionProduceData] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
            try field(&partitionData)
        }

        /// One element of `partitionData`.
        package struct PartitionProduceData: FieldGroup {
            package var index: Int32 = 0
            package var records: RecordsField = .null

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&index)
                try field(&records)
            }
        }
    }
}

/// Where the batches were appended, or why they were not.
package struct ProduceResponse: Message {
    package static let layout = MessageLayout(.produce, versions: 3...11, flexible: 9)

    package var responses: [TopicProduceResponse] = []
    package var throttleTimeMs: Int32 = 0

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&responses)
        try field(&throttleTimeMs)
    }

    /// One element of `responses`.
    package struct TopicProduceResponse: FieldGroup {
        package var name: String = ""
        package var partitionResponses: [PartitionProduceResponse] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
            try field(&partitionResponses)
        }

        /// One element of `partitionResponses`.
        package struct PartitionProduceResponse: FieldGroup {
            package var index: Int32 = 0
            package var errorCode: Int16 = 0
            package var baseOffset: Int64 = 0
            package var logAppendTimeMs: Int64 = -1
            package var logStartOffset: Int64 = -1
            package var recordErrors: [BatchIndexAndErrorMessage] = []
            package var errorMessage: String?

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&index)
                try field(&errorCode)
                try field(&baseOffset)
                try field(&logAppendTimeMs)
                try field(&logStartOffset, since: 5)
                try field(&recordErrors, since: 8)
                try field(&errorMessage, since: 8)
            }

            /// One element of `recordErrors`.
            package struct BatchIndexAndErrorMessage: FieldGroup {
                package var batchIndex: Int32 = 0
                package var batchIndexErrorMessage: String?

                package init() {}

                package mutating func describe<V: FieldVisitor>(
                    _ field: inout V
                ) throws(CodecError) {
                    try field(&batchIndex, since: 8)
                    try field(&batchIndexErrorMessage, since: 8)
                }
            }
        }
    }
}
