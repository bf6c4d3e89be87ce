package import Records

/// Carries the bytes of the SASL exchange.
package struct SaslAuthenticateRequest: Message {
    package static let layout = MessageLayout(.saslAuthenticate, versions: 0...2, flexible: 2)

    package var authBytes: [UInt8] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&authBytes)
    }
}

/// The answer to them.
package struct SaslAuthenticateResponse: Message {
    package static let layout = MessageLayout(.saslAuthenticate, versions: 0...2, flexible: 2)

    package var errorCode: Int16 = 0
    package var errorMessage: String?
    package var authBytes: [UInt8] = []
    package var sessionLifetimeMs: Int64 = 0

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&errorCode)
        try field(&errorMessage)
        try field(&authBytes)
        try field(&sessionLifetimeMs, since: 1)
    }
}
