package import Records

/// Asks for the offsets that groups have committed (KIP-447, KIP-709).
package struct OffsetFetchRequest: Message {
    package static let layout = MessageLayout(.offsetFetch, versions: 1...9, flexible: 6)

    package var groupID: String = ""
    package var topics: [OffsetFetchRequestTopic]?
    package var groups: [OffsetFetchRequestGroup] = []
    package var requireStable: Bool = false

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&groupID, until: 7)
        try field(&topics, until: 7, nullable: 2)
        try field(&groups, since: 8)
        try field(&requireStable, since: 7)
    }

    /// One element of `topics`.
    package struct OffsetFetchRequestTopic: FieldGroup {
        package var name: String = ""
        package var partitionIndexes: [Int32] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name, until: 7)
            try field(&partitionIndexes, until: 7)
        }
    }

    /// One element of `groups`.
    package struct OffsetFetchRequestGroup: FieldGroup {
        package var groupID: String = ""
        package var memberID: String?
        package var memberEpoch: Int32 = -1
        package var topics: [OffsetFetchRequestTopics]?

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&groupID, since: 8)
            try field(&memberID, since: 9)
            try field(&memberEpoch, since: 9)
            try field(&topics, since: 8)
        }

        /// One element of `topics`.
        package struct OffsetFetchRequestTopics: FieldGroup {
            package var name: String = ""
            package var partitionIndexes: [Int32] = []

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&name, since: 8)
                try field(&partitionIndexes, since: 8)
            }
        }
    }
}

/// The committed offsets.
package struct OffsetFetchResponse: Message {
    package static let layout = MessageLayout(.offsetFetch, versions: 1...9, flexible: 6)

    package var throttleTimeMs: Int32 = 0
    package var topics: [OffsetFetchResponseTopic] = []
    package var errorCode: Int16 = 0
    package var groups: [OffsetFetchResponseGroup] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs, since: 3)
        try field(&topics, until: 7)
        try field(&errorCode, since: 2, until: 7)
        try field(&groups, since: 8)
    }

    /// One element of `topics`.
    package struct OffsetFetchResponseTopic: FieldGroup {
        package var name: String = ""
        package var partitions: [OffsetFetchResponsePartition] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name, until: 7)
            try field(&partitions, until: 7)
        }

        /// One element of `partitions`.
        package struct OffsetFetchResponsePartition: FieldGroup {
            package var partitionIndex: Int32 = 0
            package var committedOffset: Int64 = 0
            package var committedLeaderEpoch: Int32 = -1
            package var metadata: String?
            package var errorCode: Int16 = 0

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&partitionIndex, until: 7)
                try field(&committedOffset, until: 7)
                try field(&committedLeaderEpoch, since: 5, until: 7)
                try field(&metadata, until: 7)
                try field(&errorCode, until: 7)
            }
        }
    }

    /// One element of `groups`.
    package struct OffsetFetchResponseGroup: FieldGroup {
        package var groupID: String = ""
        package var topics: [OffsetFetchResponseTopics] = []
        package var errorCode: Int16 = 0

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&groupID, since: 8)
            try field(&topics, since: 8)
            try field(&errorCode, since: 8)
        }

        /// One element of `topics`.
        package struct OffsetFetchResponseTopics: FieldGroup {
            package var name: String = ""
            package var partitions: [OffsetFetchResponsePartitions] = []

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&name, since: 8)
                try field(&partitions, since: 8)
            }

            /// One element of `partitions`.
            package struct OffsetFetchResponsePartitions: FieldGroup {
                package var partitionIndex: Int32 = 0
                package var committedOffset: Int64 = 0
                package var committedLeaderEpoch: Int32 = -1
                package var metadata: String?
                package var errorCode: Int16 = 0

                package init() {}

                package mutating func describe<V: FieldVisitor>(
                    _ field: inout V
                ) throws(CodecError) {
                    try field(&partitionIndex, since: 8)
                    try field(&committedOffset, since: 8)
                    try field(&committedLeaderEpoch, since: 8)
                    try field(&metadata, since: 8)
                    try field(&errorCode, since: 8)
                }
            }
        }
    }
}
