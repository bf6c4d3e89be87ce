public import Records

/// What a window has to say of one key: a value, which may be revised, or that the value no longer holds.
@dynamicMemberLookup
public struct Change<Key, Value> {
    /// The key.
    public var key: Key
    /// The window.
    public var window: Window
    /// Counts what was said of this key and window, from 1.
    public var revision: UInt32
    /// When the watermark has passed this time, nothing more is said.
    public var finalAt: EventTime
    /// The value; nil retracts what was said before.
    public var value: Value?

    /// Makes a change.
    public init(
        key: Key, window: Window, revision: UInt32, finalAt: EventTime, value: Value?
    ) {
        self.key = key
        self.window = window
        self.revision = revision
        self.finalAt = finalAt
        self.value = value
    }

    /// Looks through to the value; nil for a retraction.
    public subscript<Member>(dynamicMember path: KeyPath<Value, Member>) -> Member? {
        value?[keyPath: path]
    }
}

extension Change: Equatable where Key: Equatable, Value: Equatable {}
extension Change: Hashable where Key: Hashable, Value: Hashable {}
extension Change: Sendable where Key: Sendable, Value: Sendable {}

extension Change: BinaryCodable where Key: BinaryCodable, Value: BinaryCodable {
    /// Follows its parts.
    public static var codecVersion: UInt32 { Key.codecVersion &* 31 &+ Value.codecVersion }

    /// Reads a change.
    public init(from reader: inout ByteReader) throws(CodecError) {
        self.init(
            key: try Key(from: &reader), window: try Window(from: &reader),
            revision: try reader.integer(), finalAt: try EventTime(from: &reader),
            value: try Value?(from: &reader))
    }

    /// Writes the change.
    public func encode(into writer: inout ByteWriter) {
        key.encode(into: &writer)
        window.encode(into: &writer)
        writer.integer(revision)
        finalAt.encode(into: &writer)
        value.encode(into: &writer)
    }
}
