package import Records

/// Asks for the state of transactional ids (KIP-664).
package struct DescribeTransactionsRequest: Message {
    package static let layout = MessageLayout(.describeTransactions, versions: 0...0, flexible: 0)

    package var transactionalIDs: [String] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&transactionalIDs)
    }
}

/// The state of transactional ids.
package struct DescribeTransactionsResponse: Message {
    package static let layout = MessageLayout(.describeTransactions, versions: 0...0, flexible: 0)

    package var throttleTimeMs: Int32 = 0
    package var transactionStates: [TransactionState] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs)
        try field(&transactionStates)
    }

    /// One element of `transactionStates`.
    package struct TransactionState: FieldGroup {
        package var errorCode: Int16 = 0
        package var transactionalID: String = ""
        package var transactionState: String = ""
        package var transactionTimeoutMs: Int32 = 0
        package var transactionStartTimeMs: Int64 = 0
        package var producerID: Int64 = 0
        package var producerEpoch: Int16 = 0
        package var topics: [TopicData] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&errorCode)
            try field(&transactionalID)
            try field(&transactionState)
            try field(&transactionTimeoutMs)
            try field(&transactionStartTimeMs)
            try field(&producerID)
            try field(&producerEpoch)
            try field(&topics)
        }

        /// One element of `topics`.
        package struct TopicData: FieldGroup {
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
}
