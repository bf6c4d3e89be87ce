public import Records

/// What must be the same in a checkpoint and in the program that restores it.
public struct OperatorFingerprint: Hashable, Sendable, BinaryCodable {
    /// The operator's name.
    public var id: OperatorID
    /// What sort of operator it is, `window` for one.
    public var kind: String
    /// The name of the key's type; empty for state without keys.
    public var keyType: String
    /// The version of the state's codec, joined with the one that the author declared.
    public var stateVersion: UInt32

    /// Makes a fingerprint.
    public init(id: OperatorID, kind: String, keyType: String, stateVersion: UInt32) {
        self.id = id
        self.kind = kind
        self.keyType = keyType
        self.stateVersion = stateVersion
    }

    /// Reads a fingerprint; a malformed name is refused.
    public init(from reader: inout ByteReader) throws(CodecError) {
        guard let id = OperatorID(try reader.string()) else {
            throw .malformed("an operator's name")
        }
        self.init(
            id: id, kind: try reader.string(), keyType: try reader.string(),
            stateVersion: try reader.integer())
    }

    /// Writes the fingerprint.
    public func encode(into writer: inout ByteWriter) {
        writer.string(id.rawValue)
        writer.string(kind)
        writer.string(keyType)
        writer.integer(stateVersion)
    }
}
