public import Records

/// One checkpoint as it lies in the store: a manifest and the sections of a snapshot.
///
/// The manifest names the whole chain, base first, with the checksum of each link, so that one
/// ``CheckpointRef`` decides what a task's state is made of.
public struct Checkpoint: Sendable {
    /// An earlier checkpoint that this one builds on.
    public struct Link: Hashable, Sendable {
        /// Its name in the store.
        public var name: String
        /// The checksum of its sections.
        public var checksum: UInt32

        /// Makes a link.
        public init(name: String, checksum: UInt32) {
            self.name = name
            self.checksum = checksum
        }
    }

    /// A pass over all of the state, slice by slice, that is under way.
    public struct Pass: Hashable, Sendable {
        /// Where in the chain, of which this checkpoint itself is the last, the first slice lies.
        public var start: Int
        /// The slice that is to be written next.
        public var next: Int
        /// How many slices there are.
        public var count: Int

        /// Makes a pass.
        public init(start: Int, next: Int, count: Int) {
            self.start = start
            self.next = next
            self.count = count
        }
    }

    /// The epoch that it closes.
    public var epoch: UInt64
    /// The try.
    public var attempt: UInt64
    /// What it builds on, base first; empty for a base.
    public var chain: [Link]
    /// Who wrote sections, in the order of the chain.
    public var fingerprints: [OperatorFingerprint]
    /// How many keys the operators kept in all, in the order of ``fingerprints``; empty: unknown.
    public var keys: [Int]
    /// The pass that goes on with the next checkpoint; nil: none is under way.
    public var pass: Pass?
    /// What a ``SnapshotWriter`` wrote; a part of what was read from the store, not a copy.
    public private(set) var sections: ArraySlice<UInt8>
    /// The checksum of ``sections``.
    public let sectionsChecksum: UInt32

    /// Makes a checkpoint.
    public init(
        epoch: UInt64, attempt: UInt64, chain: [Link], fingerprints: [OperatorFingerprint],
        keys: [Int] = [], pass: Pass? = nil, sections: ArraySlice<UInt8>
    ) {
        self.epoch = epoch
        self.attempt = attempt
        self.chain = chain
        self.fingerprints = fingerprints
        self.keys = keys
        self.pass = pass
        self.sections = sections
        sectionsChecksum = sections.withUnsafeBytes { CRC32C.checksum($0) }
    }

    /// The name under which a task's try lies in the store.
    public static func name(task: TaskID, epoch: UInt64, attempt: UInt64) -> String {
        let digits = String(epoch)
        let padded = String(repeating: "0", count: max(0, 12 - digits.count)) + digits
        return "\(task)/\(padded)-\(String(attempt, radix: 16))"
    }

    /// The epoch in a name that ``name(task:epoch:attempt:)`` made; nil for any other.
    public static func epoch(inName name: String) -> UInt64? {
        guard let last = name.split(separator: "/").last else { return nil }
        return last.split(separator: "-").first.flatMap { UInt64($0) }
    }

    /// How many keys each operator kept; without those that kept none.
    public var keysByOperator: [OperatorID: Int] {
        Dictionary(zip(fingerprints.map(\.id), keys).filter { $0.1 > 0 }) { $1 }
    }

    /// This checkpoint as a link of the next one's chain.
    public func link(named name: String) -> Link {
        Link(name: name, checksum: sectionsChecksum)
    }

    /// What a restore that goes wrong unnoticed makes of it: other sections under the same checksum, so that what
    /// builds on it still names what lies in the store.
    package func misread(as sections: ArraySlice<UInt8>) -> Checkpoint {
        var checkpoint = self
        checkpoint.sections = sections
        return checkpoint
    }

    private static let magic: UInt32 = 0x4b43_524d
    /// The second adds the numbers of keys, the third the pass.
    private static let formatVersion: UInt16 = 3

    private func manifest() -> [UInt8] {
        var writer = ByteWriter()
        writer.integer(epoch)
        writer.integer(attempt)
        writer.varint(UInt64(chain.count))
        for link in chain {
            writer.string(link.name)
            writer.integer(link.checksum)
        }
        fingerprints.encode(into: &writer)
        writer.varint(UInt64(keys.count))
        for count in keys { writer.varint(UInt64(count)) }
        writer.varint(UInt64(pass?.count ?? 0))
        if let pass {
            writer.varint(UInt64(pass.next))
            writer.varint(UInt64(pass.start))
        }
        writer.integer(sectionsChecksum)
        return writer.bytes
    }

    /// The checksum that a reference names: never 0, which says that there is no state.
    private static func checksum(of manifest: UnsafeRawBufferPointer) -> UInt32 {
        let sum = CRC32C.checksum(manifest)
        return sum == 0 ? 1 : sum
    }

    private static func pass(
        from reader: inout ByteReader, links: Int
    ) throws(CodecError) -> Pass? {
        let count = try reader.varint()
        if count == 0 { return nil }
        let (next, start) = (try reader.varint(), try reader.varint())
        guard count <= UInt64(Int32.max), next > 0, next < count, start <= UInt64(links) else {
            throw .malformed("a pass that leads nowhere")
        }
        return Pass(start: Int(start), next: Int(next), count: Int(count))
    }

    /// The checkpoint's bytes and the reference that a decision names.
    public func encoded() -> (bytes: [UInt8], ref: CheckpointRef) {
        let manifest = manifest()
        var writer = ByteWriter(capacity: manifest.count + sections.count + 32)
        writer.integer(Checkpoint.magic)
        writer.integer(Checkpoint.formatVersion)
        writer.lengthPrefixed(manifest)
        sections.withUnsafeBytes { writer.lengthPrefixed($0) }
        let ref = CheckpointRef(
            epoch: epoch, attempt: attempt,
            manifestChecksum: manifest.withUnsafeBytes(Checkpoint.checksum(of:)))
        return (writer.bytes, ref)
    }

    /// Reads a checkpoint and checks it against the reference that named it, if one did.
    public init(decoding bytes: [UInt8], expecting ref: CheckpointRef?) throws(CodecError) {
        self = try bytes.withUnsafeBufferPointer { (buffer) throws(CodecError) in
            try Checkpoint(reading: UnsafeRawBufferPointer(buffer), of: bytes, expecting: ref)
        }
    }

    private init(
        reading buffer: UnsafeRawBufferPointer, of bytes: [UInt8], expecting ref: CheckpointRef?
    ) throws(CodecError) {
        var reader = ByteReader(buffer)
        guard try reader.integer(UInt32.self) == Checkpoint.magic else {
            throw .malformed("not a checkpoint")
        }
        let version = try reader.integer(UInt16.self)
        guard (1...Checkpoint.formatVersion).contains(version) else {
            throw .unsupportedVersion(UInt64(version))
        }
        let manifest = try reader.lengthPrefixed()
        let sections = try reader.lengthPrefixed()
        guard reader.isAtEnd else { throw .trailingBytes(reader.remaining) }
        var inner = ByteReader(manifest)
        epoch = try inner.integer()
        attempt = try inner.integer()
        chain = []
        for _ in 0..<(try inner.count(minimumSize: 5)) {
            chain.append(Link(name: try inner.string(), checksum: try inner.integer()))
        }
        fingerprints = try [OperatorFingerprint](from: &inner)
        keys = []
        if version > 1 {
            for _ in 0..<(try inner.count()) {
                keys.append(Int(truncatingIfNeeded: try inner.varint()))
            }
        }
        pass = version > 2 ? try Checkpoint.pass(from: &inner, links: chain.count) : nil
        sectionsChecksum = CRC32C.checksum(sections)
        guard try inner.integer(UInt32.self) == sectionsChecksum, inner.isAtEnd else {
            throw .checksumMismatch
        }
        if let ref {
            guard
                ref.epoch == epoch, ref.attempt == attempt,
                ref.manifestChecksum == Checkpoint.checksum(of: manifest)
            else { throw .checksumMismatch }
        }
        self.sections = bytes.suffix(sections.count)
    }
}
