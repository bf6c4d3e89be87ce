package import Records

/// Raises the first offset of partitions (KIP-107).
package struct DeleteRecordsRequest: Message {
    package static let layout = MessageLayout(.deleteRecords, versions: 0...2, flexible: 2)

    package var topics: [DeleteRecordsTopic] = []
    package var timeoutMs: Int32 = 0

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&topics)
        try field(&timeoutMs)
    }

    /// One element of `topics`.
    package struct DeleteRecordsTopic: FieldGroup {
        package var name: String = ""
        package var partitions: [DeleteRecordsPartition] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
            try field(&partitions)
        }

        /// One element of `partitions`.
        package struct DeleteRecordsPartition: FieldGroup {
            package var partitionIndex: Int32 = 0
            package var offset: Int64 = 0

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&partitionIndex)
                try field(&offset)
            }
        }
    }
}

/// The first offsets.
package struct DeleteRecordsResponse: Message {
    package static let layout = MessageLayout(.deleteRecords, versions: 0...2, flexible: 2)

    package var throttleTimeMs: Int32 = 0
    package var topics: [DeleteRecordsTopicResult] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs)
        try field(&topics)
    }

    /// One element of `topics`.
    package struct DeleteRecordsTopicResult: FieldGroup {
        package var name: String = ""
        package var partitions: [DeleteRecordsPartitionResult] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
            try field(&partitions)
        }

        /// One element of `partitions`.
        package struct DeleteRecordsPartitionResult: FieldGroup {
            package var partitionIndex: Int32 = 0
            package var lowWatermark: Int64 = 0
            package var errorCode: Int16 = 0

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&partitionIndex)
                try field(&lowWatermark)
                try field(&errorCode)
            }
        }
    }
}
