public import Records

/// Collects the state of a task's operators, each in a section of its own.
public struct SnapshotWriter {
    /// What is asked for.
    public let scope: SnapshotScope
    /// The sections so far: operator, version and length before each one's bytes.
    public private(set) var bytes = ByteWriter()
    /// What was written by whom.
    public private(set) var fingerprints: [OperatorFingerprint] = []
    /// What each of ``fingerprints`` wrote, and what it keeps.
    public private(set) var sizes: [Size] = []
    /// Whether a section has more bytes than its length can tell: such a snapshot must not be kept.
    public private(set) var isTooLarge = false

    /// Whether only the keys of operators are counted: no section is written, so that nothing counts as saved.
    private var isCounting = false

    /// What an operator wrote, and what it keeps.
    public struct Size: Hashable, Sendable {
        /// The bytes of its section.
        public var bytes: Int
        /// The keys in its section, without those that are only named as removed; nil for state without keys.
        public var written: WrittenKeys?
        /// The keys that it keeps; 0 for state without keys.
        public var keys: Int
    }

    /// Starts without sections.
    public init(_ scope: SnapshotScope) {
        self.scope = scope
    }

    /// A writer that counts the keys that operators keep, of those that have any.
    public static func counting() -> SnapshotWriter {
        var writer = SnapshotWriter(.changes)
        writer.isCounting = true
        return writer
    }

    /// Writes the section of an operator that keeps no keys.
    public mutating func section(
        _ fingerprint: OperatorFingerprint, _ body: (inout ByteWriter) -> Void
    ) {
        if isCounting { return }
        append(fingerprint, keys: 0) {
            body(&$0)
            return nil
        }
    }

    /// Writes the section of an operator that keeps `keys` keys.
    ///
    /// - Parameter body: writes, and says how many keys it wrote, in how many bytes.
    public mutating func section(
        _ fingerprint: OperatorFingerprint, keys: Int, _ body: (inout ByteWriter) -> WrittenKeys
    ) {
        if isCounting {
            fingerprints.append(fingerprint)
            sizes.append(Size(bytes: 0, written: WrittenKeys(count: 0, bytes: 0), keys: keys))
            return
        }
        append(fingerprint, keys: keys) { body(&$0) }
    }

    private mutating func append(
        _ fingerprint: OperatorFingerprint, keys: Int, _ body: (inout ByteWriter) -> WrittenKeys?
    ) {
        fingerprints.append(fingerprint)
        bytes.string(fingerprint.id.rawValue)
        let place = bytes.count
        bytes.integer(UInt32(0))
        let written = body(&bytes)
        let length = bytes.count - place - 4
        sizes.append(Size(bytes: length, written: written, keys: keys))
        if length > UInt32.max { isTooLarge = true }
        bytes.patch(UInt32(truncatingIfNeeded: length), at: place)
    }
}
