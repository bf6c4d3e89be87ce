public import Records

/// What the pipeline remembers of a segment in a bin of the week, packed: there are many such keys, and few of them
/// are touched more than a few times a week.
public struct ProfileState: BinaryCodable, Sendable {
    /// The bytes of a ``ProfileHistory``; none for one that knows of nothing.
    private var packed: [UInt8] = []

    /// Knows of nothing.
    init() {}

    /// Packs what is known.
    init(_ history: ProfileHistory) {
        if !history.isEmpty {
            // As large as it is: an array that has grown keeps room for twice as much.
            packed = history.encoded.withUnsafeBufferPointer { Array($0) }
        }
    }

    /// What is known.
    var history: ProfileHistory {
        let history = try? packed.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            return try ProfileHistory(from: &reader)
        }
        // Bytes are there only behind the one way in, or after they were read once.
        return history ?? ProfileHistory()
    }

    /// Raised with the form of the bytes.
    public static var codecVersion: UInt32 { 4 }

    /// Reads a state.
    public init(from reader: inout ByteReader) throws(CodecError) {
        let bytes = try reader.lengthPrefixed()
        guard bytes.count > 0 else { return }
        var own = ByteReader(bytes)
        let history = try ProfileHistory(from: &own)
        guard own.remaining == 0, !history.isEmpty else { throw .malformed("an empty profile") }
        packed = Array(bytes)
    }

    /// Writes the state.
    public func encode(into writer: inout ByteWriter) { writer.lengthPrefixed(packed) }
}
