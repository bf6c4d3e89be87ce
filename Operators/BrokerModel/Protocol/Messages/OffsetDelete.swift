package import Records

/// Forgets committed offsets of a group (KIP-496).
package struct OffsetDeleteRequest: Message {
    package static let layout = MessageLayout(.offsetDelete, versions: 0...0, flexible: .max)

    package var groupID: String = ""
    package var topics: [OffsetDeleteRequestTopic] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&groupID)
        try field(&topics)
    }

    /// One element of `topics`.
    package struct OffsetDeleteRequestTopic: FieldGroup {
        package var name: String = ""
        package var partitions: [OffsetDeleteRequestPartition] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
            try field(&partitions)
        }

        /// One element of `partitions`.
        package struct OffsetDeleteRequestPartition: FieldGroup {
            package var partitionIndex: Int32 = 0

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&partitionIndex)
            }
        }
    }
}

/// Which offsets were forgotten.
package struct OffsetDeleteResponse: Message {
    package static let layout = MessageLayout(.offsetDelete, versions: 0...0, flexible: .max)

    package var errorCode: Int16 = 0
    package var throttleTimeMs: Int32 = 0
    package var topics: [OffsetDeleteResponseTopic] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&errorCode)
        try field(&throttleTimeMs)
        try field(&topics)
    }

    /// One element of `topics`.
    package struct OffsetDeleteResponseTopic: FieldGroup {
        package var name: String = ""
        package var partitions: [OffsetDeleteResponsePartition] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
            try field(&partitions)
        }

        /// One element of `partitions`.
        package struct OffsetDeleteResponsePartition: FieldGroup {
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
