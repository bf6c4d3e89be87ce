package import Records

/// Asks for all transactional ids (KIP-664).
package struct ListTransactionsRequest: Message {
    package static let layout = MessageLayout(.listTransactions, versions: 0...1, flexible: 0)

    package var stateFilters: [String] = []
    package var producerIDFilters: [Int64] = []
    package var durationFilter: Int64 = -1

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&stateFilters)
        try field(&producerIDFilters)
        try field(&durationFilter, since: 1)
    }
}

/// All transactional ids.
package struct ListTransactionsResponse: Message {
    package static let layout = MessageLayout(.listTransactions, versions: 0...1, flexible: 0)

    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var unknownStateFilters: [String] = []
    package var transactionStates: [TransactionState] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs)
        try field(&errorCode)
        try field(&unknownStateFilters)
        try field(&transactionStates)
    }

    /// One element of `transactionStates`.
    package struct TransactionState: FieldGroup {
        package var transactionalID: String = ""
        package var producerID: Int64 = 0
        package var transactionState: String = ""

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&transactionalID)
            try field(&producerID)
            try field(&transactionState)
        }
    }
}
