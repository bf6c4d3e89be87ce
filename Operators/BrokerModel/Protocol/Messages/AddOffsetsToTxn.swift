package import Records

/// Names a group whose offsets the open transaction will commit.
package struct AddOffsetsToTxnRequest: Message {
    package static let layout = MessageLayout(.addOffsetsToTxn, versions: 0...4, flexible: 3)

    package var transactionalID: String = ""
    package var producerID: Int64 = 0
    package var producerEpoch: Int16 = 0
    package var groupID: String = ""

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&transactionalID)
        try field(&producerID)
        try field(&producerEpoch)
        try field(&groupID)
    }
}

/// Whether the group was added.
package struct AddOffsetsToTxnResponse: Message {
    package static let layout = MessageLayout(.addOffsetsToTxn, versions: 0...4, flexible: 3)

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
