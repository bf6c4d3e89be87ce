package import Records

/// Asks which APIs and versions the broker speaks (KIP-35, KIP-511).
package struct ApiVersionsRequest: Message {
    package static let layout = MessageLayout(.apiVersions, versions: 0...4, flexible: 3)

    package var clientSoftwareName: String = ""
    package var clientSoftwareVersion: String = ""

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&clientSoftwareName, since: 3)
        try field(&clientSoftwareVersion, since: 3)
    }
}

/// The APIs and versions that the broker speaks.
package struct ApiVersionsResponse: Message {
    package static let layout = MessageLayout(.apiVersions, versions: 0...4, flexible: 3)

    package var errorCode: Int16 = 0
    package var apiKeys: [ApiVersion] = []
    package var throttleTimeMs: Int32 = 0

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&errorCode)
        try field(&apiKeys)
        try field(&throttleTimeMs, since: 1)
    }

    /// One element of `apiKeys`.
    package struct ApiVersion: FieldGroup {
        package var apiKey: Int16 = 0
        package var minVersion: Int16 = 0
        package var maxVersion: Int16 = 0

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&apiKey)
            try field(&minVersion)
            try field(&maxVersion)
        }
    }
}
