package import Records

/// Members leave their group at once (KIP-345).
package struct LeaveGroupRequest: Message {
    package static let layout = MessageLayout(.leaveGroup, versions: 0...5, flexible: 4)

    package var groupID: String = ""
    package var memberID: String = ""
    package var members: [MemberIdentity] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&groupID)
        try field(&memberID, until: 2)
        try field(&members, since: 3)
    }

    /// One element of `members`.
    package struct MemberIdentity: FieldGroup {
        package var memberID: String = ""
        package var groupInstanceID: String?
        package var reason: String?

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&memberID, since: 3)
            try field(&groupInstanceID, since: 3)
            try field(&reason, since: 5)
        }
    }
}

/// Which members left.
package struct LeaveGroupResponse: Message {
    package static let layout = MessageLayout(.leaveGroup, versions: 0...5, flexible: 4)

    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var members: [MemberResponse] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs, since: 1)
        try field(&errorCode)
        try field(&members, since: 3)
    }

    /// One element of `members`.
    package struct MemberResponse: FieldGroup {
        package var memberID: String = ""
        package var groupInstanceID: String?
        package var errorCode: Int16 = 0

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&memberID, since: 3)
            try field(&groupInstanceID, since: 3)
            try field(&errorCode, since: 3)
        }
    }
}
