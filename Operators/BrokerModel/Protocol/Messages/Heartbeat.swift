package import Records

/// A member says that it is alive.
package struct HeartbeatRequest: Message {
    package static let layout = MessageLayout(.heartbeat, versions: 0...4, flexible: 4)

    package var groupID: String = ""
    package var generationID: Int32 = 0
    package var memberID: String = ""
    package var groupInstanceID: String?

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&groupID)
        try field(&generationID)
        try field(&memberID)
        try field(&groupInstanceID, since: 3)
    }
}

/// Whether the member is still part of the generation.
package struct HeartbeatResponse: Message {
    package static let layout = MessageLayout(.heartbeat, versions: 0...4, flexible: 4)

    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs, since: 1)
        try field(&errorCode)
    }
}
