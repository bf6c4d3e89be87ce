public import Records

/// Collects the state of a task's operators, each in a section of its own.
public struct SnapshotWriter {
    /// Whether everything is asked for (a new base), or what changed since the last snapshot.
    public let all: Bool
    /// The sections so far: operator, version and length before each one's bytes.
    public private(set) var bytes = ByteWriter()
    /// What was written by whom.
    public private(set) var fingerprints: [OperatorFingerprint] = []
    /// How many bytes each of ``fingerprints`` wrote.
    public private(set) var sizes: [Int] = []

    /// Starts without sections.
    public init(all: Bool) {
        self.all = all
    }

    /// Writes an operator's section.
    public mutating func section(
        _ fingerprint: OperatorFingerprint, _ body: (inout ByteWriter) -> Void
    ) {
        fingerprints.append(fingerprint)
        bytes.string(fingerprint.id.rawValue)
        let place = bytes.count
        bytes.integer(UInt32(0))
        body(&bytes)
        sizes.append(bytes.count - place - 4)
        bytes.patch(UInt32(truncatingIfNeeded: bytes.count - place - 4), at: place)
    }
}
