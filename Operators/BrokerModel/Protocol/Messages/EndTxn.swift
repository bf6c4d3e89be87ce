package import Records

/// Commits or aborts the open transaction.
package struct EndTxnRequest: Message {
    package static let layout = MessageLayout(.endTxn, versions: 0...4, flexible: 3)

    package var transactionalID: String = ""
    package var producerID: Int64 = 0
    package var producerEpoch: Int16 = 0
    package var committed: Bool = false

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&transactionalID)
        try field(&producerID)
        try field(&producerEpoch)
        try field(&committed)
    }
}

/// Whether the outcome was decided.
package struct EndTxnResponse: Message {
    package static let layout = MessageLayout(.endTxn, versions: 0...4, flexible: 3)

    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs)
        try field(&errorCode)
    }
}
