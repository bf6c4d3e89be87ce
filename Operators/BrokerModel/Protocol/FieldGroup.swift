package import Records

/// Something that has a form in the protocol.
package protocol FieldValue: Sendable {
    init()
    mutating func visit<V: FieldVisitor>(_ visitor: inout V) throws(CodecError)
}

/// A structure of the protocol: a message or the element of a list in one.
package protocol FieldGroup: FieldValue {
    /// Names the fields in their order, each with the versions that have it.
    mutating func describe<V: FieldVisitor>(_ field: inout V) throws(CodecError)
}

extension FieldGroup {
    package mutating func visit<V: FieldVisitor>(_ visitor: inout V) throws(CodecError) {
        try describe(&visitor)
        try visitor.endOfGroup()
    }
}

/// A request or a response.
package protocol Message: FieldGroup {
    /// The API, its versions and the version from which on it is flexible.
    static var layout: MessageLayout { get }
}

/// What is common to all versions of a message.
package struct MessageLayout: Sendable {
    /// The API that the message belongs to.
    package let key: APIKey
    /// The versions that the description covers.
    package let versions: ClosedRange<Int16>
    /// The first version with compact lengths and tagged fields.
    package let flexible: Int16

    package init(_ key: APIKey, versions: ClosedRange<Int16>, flexible: Int16) {
        self.key = key
        self.versions = versions
        self.flexible = flexible
    }
}

extension FieldValue where Self: FixedWidthInteger {
    package mutating func visit<V: FieldVisitor>(_ visitor: inout V) throws(CodecError) {
        try visitor.integer(&self)
    }
}

extension Int8: FieldValue {}
extension Int16: FieldValue {}
extension Int32: FieldValue {}
extension Int64: FieldValue {}

extension Bool: FieldValue {
    package mutating func visit<V: FieldVisitor>(_ visitor: inout V) throws(CodecError) {
        try visitor.bool(&self)
    }
}

extension String: FieldValue {
    package mutating func visit<V: FieldVisitor>(_ visitor: inout V) throws(CodecError) {
        try visitor.string(&self)
    }
}

extension Array: FieldValue where Element == UInt8 {
    package mutating func visit<V: FieldVisitor>(_ visitor: inout V) throws(CodecError) {
        try visitor.bytes(&self)
    }
}

extension TopicID: FieldValue {
    package mutating func visit<V: FieldVisitor>(_ visitor: inout V) throws(CodecError) {
        try visitor.uuid(&self)
    }
}

extension RecordsField: FieldValue {
    package init() { self = .null }

    package mutating func visit<V: FieldVisitor>(_ visitor: inout V) throws(CodecError) {
        try visitor.records(&self)
    }
}
