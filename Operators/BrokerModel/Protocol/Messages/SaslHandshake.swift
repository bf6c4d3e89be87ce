package import Records

/// Names the mechanism by which the client will authenticate.
package struct SaslHandshakeRequest: Message {
    package static let layout = MessageLayout(.saslHandshake, versions: 0...1, flexible: .max)

    package var mechanism: String = ""

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&mechanism)
    }
}

/// Whether the broker knows the mechanism.
package struct SaslHandshakeResponse: Message {
    package static let layout = MessageLayout(.saslHandshake, versions: 0...1, flexible: .max)

    package var errorCode: Int16 = 0
    package var mechanisms: [String] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&errorCode)
        try field(&mechanisms)
    }
}
