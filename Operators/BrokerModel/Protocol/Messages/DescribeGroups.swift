package import Records

/// Asks for the state and members of groups.
package struct DescribeGroupsRequest: Message {
    package static let layout = MessageLayout(.describeGroups, versions: 0...6, flexible: 5)

    package var groups: [String] = []
    package var includeAuthorizedOperations: Bool = false

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&groups)
        try field(&includeAuthorizedOperations, since: 3)
    }
}

/// The state and members of groups.
package struct DescribeGroupsResponse: Message {
    package static let layout = MessageLayout(.describeGroups, versions: 0...6, flexible: 5)

    package var throttleTimeMs: Int32 = 0
    package var groups: [DescribedGroup] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs, since: 1)
        try field(&groups)
    }

    /// One element of `groups`.
    package struct DescribedGroup: FieldGroup {
        package var errorCode: Int16 = 0
        package var errorMessage: String?
        package var groupID: String = ""
        package var groupState: String = ""
        package var protocolType: String = ""
        package var protocolData: String = ""
        package var members: [DescribedGroupMember] = []
        package var authorizedOperations: Int32 = .min

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&errorCode)
            try field(&errorMessage, since: 6)
            try field(&groupID)
            try field(&groupState)
            try field(&protocolType)
            try field(&protocolData)
            try field(&members)
            try field(&authorizedOperations, since: 3)
        }

        /// One element of `members`.
        package struct DescribedGroupMember: FieldGroup {
            package var memberID: String = ""
            package var groupInstanceID: String?
            package var clientID: String = ""
            package var clientHost: String = ""
            package var memberMetadata: [UInt8] = []
            package var memberAssignment: [UInt8] = []

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&memberID)
                try field(&groupInstanceID, since: 4)
                try field(&clientID)
                try field(&clientHost)
                try field(&memberMetadata)
                try field(&memberAssignment)
            }
        }
    }
}
