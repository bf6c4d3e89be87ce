package import Records

/// Stores the offsets that a group has read up to.
package struct OffsetCommitRequest: Message {
    package static let layout = MessageLayout(.offsetCommit, versions: 2...9, flexible: 8)

    package var groupID: String = ""
    package var generationIDOrMemberEpoch: Int32 = -1
    package var memberID: String = ""
    package var groupInstanceID: String?
    package var retentionTimeMs: Int64 = -1
    package var topics: [OffsetCommitRequestTopic] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&groupID)
        try field(&generationIDOrMemberEpoch)
        try field(&memberID)
        try field(&groupInstanceID, since: 7)
        try field(&retentionTimeMs, until: 4)
        try field(&topics)
    }

    /// One element of `topics`.
    package struct OffsetCommitRequestTopic: FieldGroup {
        package var name: String = ""
        package var partitions: [OffsetCommitRequestPartition] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
            try field(&partitions)
        }

        /// One element of `partitions`.
        package struct OffsetCommitRequestPartition: FieldGroup {
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
                try field(&committedLeaderEpoch, since: 6)
                try field(&committedMetadata)
            }
        }
    }
}

/// Which offsets were stored.
package struct OffsetCommitResponse: Message {
    package static let layout = MessageLayout(.offsetCommit, versions: 2...9, flexible: 8)

    package var throttleTimeMs: Int32 = 0
    package var topics: [OffsetCommitResponseTopic] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs, since: 3)
        try field(&topics)
    }

    /// One element of `topics`.
    package struct OffsetCommitResponseTopic: FieldGroup {
        package var name: String = ""
        package var partitions: [OffsetCommitResponsePartition] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
            try field(&partitions)
        }

        /// One element of `partitions`.
        package struct OffsetCommitResponsePartition: FieldGroup {
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
