package import Records

/// Asks for all groups (KIP-518, KIP-848).
package struct ListGroupsRequest: Message {
    package static let layout = MessageLayout(.listGroups, versions: 0...5, flexible: 3)

    package var statesFilter: [String] = []
    package var typesFilter: [String] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&statesFilter, since: 4)
        try field(&typesFilter, since: 5)
    }
}

/// All groups.
package struct ListGroupsResponse: Message {
    package static let layout = MessageLayout(.listGroups, versions: 0...5, flexible: 3)

    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var groups: [ListedGroup] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs, since: 1)
        try field(&errorCode)
        try field(&groups)
    }

    /// One element of `groups`.
    package struct ListedGroup: FieldGroup {
        package var groupID: String = ""
        package var protocolType: String = ""
        package var groupState: String = ""
        package var groupType: String = ""

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&groupID)
            try field(&protocolType)
            try field(&groupState, since: 4)
            try field(&groupType, since: 5)
        }
    }
}
