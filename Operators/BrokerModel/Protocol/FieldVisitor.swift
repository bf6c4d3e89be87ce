package import Records

/// Walks the fields of a message in the order of the protocol, reading or writing each.
///
/// A message describes itself once (``FieldGroup/describe(_:)``); ``FieldReader`` and
/// ``FieldWriter`` are the two visitors, so that both directions follow from one description.
/// The description names the versions in which a field exists; the visitor decides what that means.
package protocol FieldVisitor {
    /// The version of the API that is being read or written.
    var version: Int16 { get }
    /// Whether lengths are compact and tagged fields follow each group (KIP-482).
    var isFlexible: Bool { get }

    mutating func integer<T: FixedWidthInteger>(_ value: inout T) throws(CodecError)
    mutating func bool(_ value: inout Bool) throws(CodecError)
    mutating func uuid(_ value: inout TopicID) throws(CodecError)
    mutating func string(_ value: inout String) throws(CodecError)
    mutating func bytes(_ value: inout [UInt8]) throws(CodecError)
    mutating func records(_ value: inout RecordsField) throws(CodecError)
    mutating func nullableString(_ value: inout String?) throws(CodecError)
    mutating func array<T: FieldValue>(_ value: inout [T]) throws(CodecError)
    mutating func nullableArray<T: FieldValue>(_ value: inout [T]?) throws(CodecError)
    mutating func nullableGroup<T: FieldGroup>(_ value: inout T?) throws(CodecError)
    /// Stands at the end of each group: the place of tagged fields.
    mutating func endOfGroup() throws(CodecError)
}

extension FieldVisitor {
    package func holds(_ since: Int16, _ until: Int16) -> Bool {
        version >= since && version <= until
    }

    /// A field of the versions `since ... until`.
    package mutating func callAsFunction<T: FieldValue>(
        _ value: inout T, since: Int16 = 0, until: Int16 = .max
    ) throws(CodecError) {
        if holds(since, until) { try value.visit(&self) }
    }

    /// A list of the versions `since ... until`.
    package mutating func callAsFunction<T: FieldValue>(
        _ value: inout [T], since: Int16 = 0, until: Int16 = .max
    ) throws(CodecError) {
        if holds(since, until) { try array(&value) }
    }

    /// A list that may be null from version `nullable` on, and is empty instead before.
    package mutating func callAsFunction<T: FieldValue>(
        _ value: inout [T]?, since: Int16 = 0, until: Int16 = .max, nullable: Int16 = 0
    ) throws(CodecError) {
        guard holds(since, until) else { return }
        if version >= nullable { return try nullableArray(&value) }
        var present = value ?? []
        try array(&present)
        value = present
    }

    /// A string that may be null from version `nullable` on, and is empty instead before.
    package mutating func callAsFunction(
        _ value: inout String?, since: Int16 = 0, until: Int16 = .max, nullable: Int16 = 0
    ) throws(CodecError) {
        guard holds(since, until) else { return }
        if version >= nullable { return try nullableString(&value) }
        var present = value ?? ""
        try string(&present)
        value = present
    }

    /// A group that may be null.
    package mutating func callAsFunction<T: FieldGroup>(
        _ value: inout T?, since: Int16 = 0, until: Int16 = .max
    ) throws(CodecError) {
        if holds(since, until) { try nullableGroup(&value) }
    }
}
