package import Records

/// Asks which producers write to partitions (KIP-664).
package struct DescribeProducersRequest: Message {
    package static let layout = MessageLayout(.describeProducers, versions: 0...0, flexible: 0)

    package var topics: [TopicRequest] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&topics)
    }

    /// One element of `topics`.
    package struct TopicRequest: FieldGroup {
        package var name: String = ""
        package var partitionIndexes: [Int32] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
            try field(&partitionIndexes)
        }
    }
}

/// The producers of partitions.
package struct DescribeProducersResponse: Message {
    package static let layout = MessageLayout(.describeProducers, versions: 0...0, flexible: 0)

    package var throttleTimeMs: Int32 = 0
    package var topics: [TopicResponse] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs)
        try field(&topics)
    }

    /// One element of `topics`.
    package struct TopicResponse: FieldGroup {
        package var name: String = ""
        package var partitions: [PartitionResponse] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
            try field(&partitions)
        }

        /// One element of `partitions`.
        package struct PartitionResponse: FieldGroup {
            package var partitionIndex: Int32 = 0
            package var errorCode: Int16 = 0
            package var errorMessage: String?
            package var activeProducers: [ProducerState] = []

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&partitionIndex)
                try field(&errorCode)
                try field(&errorMessage)
                try field(&activeProducers)
            }

            /// One element of `activeProducers`.
            package struct ProducerState: FieldGroup {
                package var producerID: Int64 = 0
                package var producerEpoch: Int32 = 0
                package var lastSequence: Int32 = -1
                package var lastTimestamp: Int64 = -1
                package var coordinatorEpoch: Int32 = 0
                package var currentTxnStartOffset: Int64 = -1

                package init() {}

                package mutating func describe<V: FieldVisitor>(
                    _ field: inout V
                ) throws(CodecError) {
                    try field(&producerID)
                    try field(&producerEpoch)
                    try field(&lastSequence)
                    try field(&lastTimestamp)
                    try field(&coordinatorEpoch)
                    try field(&currentTxnStartOffset)
                }
            }
        }
    }
}
