/// What a decision names: the one checkpoint that belongs to its offsets.
///
/// It travels as metadata of a committed offset, so it has a short ASCII form.
public struct CheckpointRef: Hashable, Sendable {
    /// Counts a task's commits, from 1.
    public var epoch: UInt64
    /// A random number, new for every try to commit, so that no name is used twice.
    public var attempt: UInt64
    /// The checksum of the manifest that lists the base and its deltas.
    public var manifestChecksum: UInt32

    /// Makes a reference.
    public init(epoch: UInt64, attempt: UInt64, manifestChecksum: UInt32) {
        self.epoch = epoch
        self.attempt = attempt
        self.manifestChecksum = manifestChecksum
    }

    /// `mr1:<epoch>:<attempt>:<checksum>`, the numbers in hexadecimal.
    public var metadata: String {
        "mr1:\(String(epoch, radix: 16)):\(String(attempt, radix: 16))"
            + ":\(String(manifestChecksum, radix: 16))"
    }

    /// Reads the form that ``metadata`` writes; nil for anything else.
    public init?(metadata: String) {
        let parts = metadata.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "mr1", let epoch = UInt64(parts[1], radix: 16),
            let attempt = UInt64(parts[2], radix: 16), let checksum = UInt32(parts[3], radix: 16)
        else { return nil }
        self.init(epoch: epoch, attempt: attempt, manifestChecksum: checksum)
    }
}
