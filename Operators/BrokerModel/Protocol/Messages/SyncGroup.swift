package import Records

/// A member asks for its assignment; the leader brings those of all.
package struct SyncGroupRequest: Message {
    package static let layout = MessageLayout(.syncGroup, versions: 0...5, flexible: 4)

    package var groupID: String = ""
    package var generationID: Int32 = 0
    package var memberID: String = ""
    package var groupInstanceID: String?
    package var protocolType: String?
    package var protocolName: String?
    package var assignments: [SyncGroupRequestAssignment] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&groupID)
        try field(&generationID)
        try field(&memberID)
        try field(&groupInstanceID, since: 3)
        try field(&protocolType, since: 5)
        try field(&protocolName, since: 5)
        try field(&assignments)
    }

    /// One element of `assignments`.
    package struct SyncGroupRequestAssignment: FieldGroup {
        package var memberID: String = ""
        package var assignment: [UInt8] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&memberID)
            try field(&assignment)
        }
    }
}

/// The assignment of one member.
package struct SyncGroupResponse: Message {
    package static let layout = MessageLayout(.syncGroup, versions: 0...5, flexible: 4)

    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var protocolType: String?
    package var protocolName: String?
    package var assignment: [UInt8] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs, since: 1)
        try field(&errorCode)
        try field(&protocolType, since: 5)
        try field(&protocolName, since: 5)
        try field(&assignment)
    }
}
