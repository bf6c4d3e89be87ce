package import Records

/// Names partitions that the open transaction will write.
package struct AddPartitionsToTxnRequest: Message {
    package static let layout = MessageLayout(.addPartitionsToTxn, versions: 0...3, flexible: 3)

    package var v3AndBelowTransactionalID: String = ""
    package var v3AndBelowProducerID: Int64 = 0
    package var v3AndBelowProducerEpoch: Int16 = 0
    package var v3AndBelowTopics: [AddPartitionsToTxnTopic] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&v3AndBelowTransactionalID)
        try field(&v3AndBelowProducerID)
        try field(&v3AndBelowProducerEpoch)
        try field(&v3AndBelowTopics)
    }

    /// A part that the description names more than once.
    package struct AddPartitionsToTxnTopic: FieldGroup {
        package var name: String = ""
        package var partitions: [Int32] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
            try field(&partitions)
        }
    }
}

/// Which partitions were added.
package struct AddPartitionsToTxnResponse: Message {
    package static let layout = MessageLayout(.addPartitionsToTxn, versions: 0...3, flexible: 3)

    package var throttleTimeMs: Int32 = 0
    package var resultsByTopicV3AndBelow: [AddPartitionsToTxnTopicResult] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs)
        try field(&resultsByTopicV3AndBelow)
    }

    /// A part that the description names more than once.
    package struct AddPartitionsToTxnTopicResult: FieldGroup {
        package var name: String = ""
        package var resultsByPartition: [AddPartitionsToTxnPartitionResult] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
            try field(&resultsByPartition)
        }
    }

    /// A part that the description names more than once.
    package struct AddPartitionsToTxnPartitionResult: FieldGroup {
        package var partitionIndex: Int32 = 0
        package var partitionErrorCode: Int16 = 0

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&partitionIndex)
            try field(&partitionErrorCode)
        }
    }
}
