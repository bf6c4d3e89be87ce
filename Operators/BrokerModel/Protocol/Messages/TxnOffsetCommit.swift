package import Records

/// Stores offsets that count once the transaction commits (KIP-98, KIP-447).
package struct TxnOffsetCommitRequest: Message {
    package static let layout = MessageLayout(.txnOffsetCommit, versions: 0...4, flexible: 3)

    package var transactionalID: String = ""
    package var groupID: String = ""
    package var producerID: Int64 = 0
    package var producerEpoch: Int16 = 0
    package var generationID: Int32 = -1
    package var memberID: String = ""
    package var groupInstanceID: String?
    package var topics: [TxnOffsetCommitRequestTopic] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&transactionalID)
        try field(&groupID)
        try field(&producerID)
        try field(&producerEpoch)
        try field(&generationID, since: 3)
        try field(&memberID, since: 3)
        try field(&groupInstanceID, since: 3)
        try field(&topics)
    }

    /// One element of `topics`.
    package struct TxnOffsetCommitRequestTopic: FieldGroup {
        package var name: String = ""
        package var partitions: [TxnOffsetCommitRequestPartition] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
            try field(&partitions)
        }

        /// One element of `partitions`.
        package struct TxnOffsetCommitRequestPartition: FieldGroup {
            package var partitionIndex: Int32 = 0
            package var committedOffset: Int64 = 0
            package var committedLeaderEpoch: Int32 = -1
            package var committedMetadata: String?

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&partitionIndex)
                try field(&committedOffset)
                try field(&committedLeaderEpoch, since: 2)
                try field(&committedMetadata)
            }
        }
    }
}

/// Which offsets were stored.
package struct TxnOffsetCommitResponse: Message {
    package static let layout = MessageLayout(.txnOffsetCommit, versions: 0...4, flexible: 3)

    package var throttleTimeMs: Int32 = 0
    package var topics: [TxnOffsetCommitResponseTopic] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs)
        try field(&topics)
    }

    /// One element of `topics`.
    package struct TxnOffsetCommitResponseTopic: FieldGroup {
        package var name: String = ""
        package var partitions: [TxnOffsetCommitResponsePartition] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
            try field(&partitions)
        }

        /// One element of `partitions`.
        package struct TxnOffsetCommitResponsePartition: FieldGroup {
            package var partitionIndex: Int32 = 0
            package var errorCode: Int16 = 0

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&partitionIndex)
                try field(&errorCode)
            }
        }
    }
}
