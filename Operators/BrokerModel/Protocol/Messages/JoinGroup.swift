package import Records

/// A member asks to take part in the next generation of its group.
package struct JoinGroupRequest: Message {
    package static let layout = MessageLayout(.joinGroup, versions: 0...9, flexible: 6)

    package var groupID: String = ""
    package var sessionTimeoutMs: Int32 = 0
    package var rebalanceTimeoutMs: Int32 = -1
    package var memberID: String = ""
    package var groupInstanceID: String?
    package var protocolType: String = ""
    package var protocols: [JoinGroupRequestProtocol] = []
    package var reason: String?

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&groupID)
        try field(&sessionTimeoutMs)
        try field(&rebalanceTimeoutMs, since: 1)
        try field(&memberID)
        try field(&groupInstanceID, since: 5)
        try field(&protocolType)
        try field(&protocols)
        try field(&reason, since: 8)
    }

    /// One element of `protocols`.
    package struct JoinGroupRequestProtocol: FieldGroup {
        package var name: String = ""
        package var metadata: [UInt8] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&name)
            try field(&metadata)
        }
    }
}

/// The generation, its protocol and, for the leader, all members.
package struct JoinGroupResponse: Message {
    package static let layout = MessageLayout(.joinGroup, versions: 0...9, flexible: 6)

    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var generationID: Int32 = -1
    package var protocolType: String?
    package var protocolName: String?
    package var leader: String = ""
    package var skipAssignment: Bool = false
    package var memberID: String = ""
    package var members: [JoinGroupResponseMember] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs, since: 2)
        try field(&errorCode)
        try field(&generationID)
        try field(&protocolType, since: 7)
        try field(&protocolName, nullable: 7)
        try field(&leader)
        try field(&skipAssignment, since: 9)
        try field(&memberID)
        try field(&members)
    }

    /// One element of `members`.
    package struct JoinGroupResponseMember: FieldGroup {
        package var memberID: String = ""
        package var groupInstanceID: String?
        package var metadata: [UInt8] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&memberID)
            try field(&groupInstanceID, since: 5)
            try field(&metadata)
        }
    }
}
