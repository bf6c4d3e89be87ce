package import Records

/// Deletes empty groups.
package struct DeleteGroupsRequest: Message {
    package static let layout = MessageLayout(.deleteGroups, versions: 0...2, flexible: 2)

    package var groupsNames: [String] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&groupsNames)
    }
}

/// Which groups were deleted.
package struct DeleteGroupsResponse: Message {
    package static let layout = MessageLayout(.deleteGroups, versions: 0...2, flexible: 2)

    package var throttleTimeMs: Int32 = 0
    package var results: [DeletableGroupResult] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs)
        try field(&results)
    }

    /// One element of `results`.
    package struct DeletableGroupResult: FieldGroup {
        package var groupID: String = ""
        package var errorCode: Int16 = 0

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&groupID)
            try field(&errorCode)
        }
    }
}
