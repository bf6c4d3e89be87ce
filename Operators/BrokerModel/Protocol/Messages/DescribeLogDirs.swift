package import Records

/// Asks for the sizes of partitions on disk.
package struct DescribeLogDirsRequest: Message {
    package static let layout = MessageLayout(.describeLogDirs, versions: 1...4, flexible: 2)

    package var topics: [DescribableLogDirTopic]?

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&topics)
    }

    /// One element of `topics`.
    package struct DescribableLogDirTopic: FieldGroup {
        package var topic: String = ""
        package var partitions: [Int32] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&topic)
            try field(&partitions)
        }
    }
}

/// The sizes of partitions on disk.
package struct DescribeLogDirsResponse: Message {
    package static let layout = MessageLayout(.describeLogDirs, versions: 1...4, flexible: 2)

    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var results: [DescribeLogDirsResult] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs)
        try field(&errorCode, since: 3)
        try field(&results)
    }

    /// One element of `results`.
    package struct DescribeLogDirsResult: FieldGroup {
        package var errorCode: Int16 = 0
        package var logDir: String = ""
        package var topics: [DescribeLogDirsTopic] = []
        package var totalBytes: Int64 = -1
        package var usableBytes: Int64 = -1

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&errorCode)
            try field(&logDir)
            try field(&topics)
            try field(&totalBytes, since: 4)
            try field(&usableBytes, since: 4)
        }

        /// One element of `topics`.
        package struct DescribeLogDirsTopic: FieldGroup {
            package var name: String = ""
            package var partitions: [DescribeLogDirsPartition] = []

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&name)
                try field(&partitions)
            }

            /// One element of `partitions`.
            package struct DescribeLogDirsPartition: FieldGroup {
                package var partitionIndex: Int32 = 0
                package var partitionSize: Int64 = 0
                package var offsetLag: Int64 = 0
                package var isFutureKey: Bool = false

                package init() {}

                package mutating func describe<V: FieldVisitor>(
                    _ field: inout V
                ) throws(CodecError) {
                    try field(&partitionIndex)
                    try field(&partitionSize)
                    try field(&offsetLag)
                    try field(&isFutureKey)
                }
            }
        }
    }
}
