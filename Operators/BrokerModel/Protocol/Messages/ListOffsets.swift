package import Records

/// Asks for the earliest offset, the latest, or the first at or after a time.
package struct ListOffsetsRequest: Message {
    package static let layout = MessageLayout(.listOffsets, versions: 1...10, flexible: 6)

    package var replicaID: Int32 = 0
    package var isolationLevel: Int8 = 0
    package var topics: [ListOffsetsTopic] = []
    package var timeoutMs: Int32 = 0

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&replicaID)
        try field(&isolationLevel, since: 2)
        try field(&topics)
        try field(&timeoutMs, since: 10)
    }

    /// One element of `topics`.
    package struct ListOffsetsTopic: FieldGroup {
        package var name: String = ""
        package var partitions: [ListOffsetsPartition] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
            try field(&partitions)
        }

        /// One element of `partitions`.
        package struct ListOffsetsPartition: FieldGroup {
            package var partitionIndex: Int32 = 0
            package var currentLeaderEpoch: Int32 = -1
            package var timestamp: Int64 = 0

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&partitionIndex)
                try field(&currentLeaderEpoch, since: 4)
                try field(&timestamp)
            }
        }
    }
}

/// The offsets that were asked for.
package struct ListOffsetsResponse: Message {
    package static let layout = MessageLayout(.listOffsets, versions: 1...10, flexible: 6)

    package var throttleTimeMs: Int32 = 0
    package var topics: [ListOffsetsTopicResponse] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs, since: 2)
        try field(&topics)
    }

    /// One element of `topics`.
    package struct ListOffsetsTopicResponse: FieldGroup {
        package var name: String = ""
        package var partitions: [ListOffsetsPartitionResponse] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
            try field(&partitions)
        }

        /// One element of `partitions`.
        package struct ListOffsetsPartitionResponse: FieldGroup {
            package var partitionIndex: Int32 = 0
            package var errorCode: Int16 = 0
            package var timestamp: Int64 = -1
            package var offset: Int64 = -1
            package var leaderEpoch: Int32 = -1

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&partitionIndex)
                try field(&errorCode)
                try field(&timestamp)
                try field(&offset)
                try field(&leaderEpoch, since: 4)
            }
        }
    }
}
