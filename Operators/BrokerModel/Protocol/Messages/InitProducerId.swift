package import Records

/// Asks for a producer id, or claims a transactional id (KIP-98, KIP-360).
package struct InitProducerIdRequest: Message {
    package static let layout = MessageLayout(.initProducerId, versions: 0...5, flexible: 2)

    package var transactionalID: String?
    package var transactionTimeoutMs: Int32 = 0
    package var producerID: Int64 = -1
    package var producerEpoch: Int16 = -1

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&transactionalID)
        try field(&transactionTimeoutMs)
        try field(&producerID, since: 3)
        try field(&producerEpoch, since: 3)
    }
}

/// The producer id and epoch.
package struct InitProducerIdResponse: Message {
    package static let layout = MessageLayout(.initProducerId, versions: 0...5, flexible: 2)

    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var producerID: Int64 = -1
    package var producerEpoch: Int16 = 0

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs)
        try field(&errorCode)
        try field(&producerID)
        try field(&producerEpoch)
    }
}
