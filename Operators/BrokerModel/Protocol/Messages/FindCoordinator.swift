package import Records

/// Asks which broker coordinates a group or a transactional id.
package struct FindCoordinatorRequest: Message {
    package static let layout = MessageLayout(.findCoordinator, versions: 0...5, flexible: 3)

    package var key: String = ""
    package var keyType: Int8 = 0
    package var coordinatorKeys: [String] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&key, until: 3)
        try field(&keyType, since: 1)
        try field(&coordinatorKeys, since: 4)
    }
}

/// The coordinators.
package struct FindCoordinatorResponse: Message {
    package static let layout = MessageLayout(.findCoordinator, versions: 0...5, flexible: 3)

    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var errorMessage: String?
    package var nodeID: Int32 = 0
    package var host: String = ""
    package var port: Int32 = 0
    package var coordinators: [Coordinator] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs, since: 1)
        try field(&errorCode, until: 3)
        try field(&errorMessage, since: 1, until: 3)
        try field(&nodeID, until: 3)
        try field(&host, until: 3)
        try field(&port, until: 3)
        try field(&coordinators, since: 4)
    }

    /// One element of `coordinators`.
    package struct Coordinator: FieldGroup {
        package var key: String = ""
        package var nodeID: Int32 = 0
        package var host: String = ""
        package var port: Int32 = 0
        package var errorCode: Int16 = 0
        package var errorMessage: String?

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&key, since: 4)
            try field(&nodeID, since: 4)
            try field(&host, since: 4)
            try field(&port, since: 4)
            try field(&errorCode, since: 4)
            try field(&errorMessage, since: 4)
        }
    }
}
