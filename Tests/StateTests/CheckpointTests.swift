import Records
import State
import Testing

@Suite("Checkpoint")
struct CheckpointTests {
    static func make() throws -> Checkpoint {
        let id = try #require(OperatorID("speed.window"))
        var snapshot = SnapshotWriter(.changes)
        snapshot.section(
            OperatorFingerprint(id: id, kind: "window", keyType: "Int64", stateVersion: 32)
        ) {
            $0.string("state")
            $0.integer(UInt64(7))
        }
        return Checkpoint(
            epoch: 5, attempt: .max,
            chain: [
                .init(name: "run/stage/0/000000000003-a", checksum: 17),
                .init(name: "run/stage/0/000000000004-b", checksum: 18),
            ], fingerprints: snapshot.fingerprints, keys: [3],
            pass: .init(start: 1, next: 2, count: 5), sections: snapshot.bytes.bytes[...])
    }

    @Test("comes back as it was, and is the one that its reference names")
    func roundTrip() throws {
        let checkpoint = try Self.make()
        let (bytes, ref) = checkpoint.encoded()
        let decoded = try Checkpoint(decoding: bytes, expecting: ref)
        #expect(decoded.epoch == 5)
        #expect(decoded.attempt == .max)
        #expect(decoded.chain == checkpoint.chain)
        #expect(decoded.fingerprints == checkpoint.fingerprints)
        #expect(decoded.keys == [3])
        #expect(decoded.pass == checkpoint.pass)
        #expect(decoded.keysByOperator.map(\.value) == [3])
        #expect(decoded.sections == checkpoint.sections)
        #expect(CheckpointRef(metadata: ref.metadata) == ref)
        #expect(ref.metadata.utf8.count <= CommittedOffset.maximumMetadataLength)
    }

    @Test("one of the first format is read: it doesn't know its numbers of keys")
    func firstFormat() throws {
        let checkpoint = try Self.make()
        var manifest = ByteWriter()
        manifest.integer(checkpoint.epoch)
        manifest.integer(checkpoint.attempt)
        manifest.varint(UInt64(checkpoint.chain.count))
        for link in checkpoint.chain {
            manifest.string(link.name)
            manifest.integer(link.checksum)
        }
        checkpoint.fingerprints.encode(into: &manifest)
        manifest.integer(checkpoint.sectionsChecksum)
        var writer = ByteWriter()
        writer.raw(Array(checkpoint.encoded().bytes[..<4]))
        writer.integer(UInt16(1))
        writer.lengthPrefixed(manifest.bytes)
        writer.lengthPrefixed(Array(checkpoint.sections))
        let decoded = try Checkpoint(decoding: writer.bytes, expecting: nil)
        #expect(decoded.sections == checkpoint.sections)
        #expect(decoded.chain == checkpoint.chain)
        #expect(decoded.keysByOperator.isEmpty)
        #expect(decoded.pass == nil)
    }

    /// Finds the attempt with which a manifest has a checksum: it is linear in the bits of the attempt.
    private func attempt(_ wanted: UInt32, _ sum: (UInt64) -> UInt32) -> UInt64? {
        let none = sum(0)
        var basis: [(sum: UInt32, attempt: UInt64)] = []
        func reduced(_ element: (sum: UInt32, attempt: UInt64)) -> (sum: UInt32, attempt: UInt64) {
            basis.reduce(element) {
                $0.sum ^ $1.sum < $0.sum ? ($0.sum ^ $1.sum, $0.attempt ^ $1.attempt) : $0
            }
        }
        for bit in 0..<64 {
            let element = reduced((sum(1 << UInt64(bit)) ^ none, 1 << UInt64(bit)))
            if element.sum != 0 { basis.append(element) }
        }
        let found = reduced((none ^ wanted, 0))
        return found.sum == 0 ? found.attempt : nil
    }

    @Test("a manifest whose checksum comes out as 0 is not taken for none")
    func checksumOfZero() throws {
        var checkpoint = try Self.make()
        func sum(_ attempt: UInt64) -> UInt32 {
            var other = checkpoint
            other.attempt = attempt
            return other.encoded().ref.manifestChecksum
        }
        checkpoint.attempt = try #require(attempt(0, sum))
        let (bytes, ref) = checkpoint.encoded()
        #expect(ref.manifestChecksum == 1)
        #expect(try Checkpoint(decoding: bytes, expecting: ref).epoch == 5)
    }

    @Test("a pass that leads nowhere is damage")
    func badPass() throws {
        for pass in [
            Checkpoint.Pass(start: 3, next: 1, count: 4), .init(start: 0, next: 4, count: 4),
            .init(start: 0, next: 0, count: 4),
        ] {
            var checkpoint = try Self.make()
            checkpoint.pass = pass
            #expect(throws: CodecError.self) {
                try Checkpoint(decoding: checkpoint.encoded().bytes, expecting: nil)
            }
        }
    }

    @Test("any flipped bit is found")
    func flippedBits() throws {
        let (bytes, ref) = try Self.make().encoded()
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << bit
                #expect(throws: CodecError.self, "byte \(index), bit \(bit)") {
                    _ = try Checkpoint(decoding: damaged, expecting: ref)
                }
            }
        }
    }

    @Test("a flipped bit of the sections is found without a reference too")
    func flippedSections() throws {
        let checkpoint = try Self.make()
        let (bytes, _) = checkpoint.encoded()
        for index in (bytes.count - checkpoint.sections.count)..<bytes.count {
            var damaged = bytes
            damaged[index] ^= 0x10
            #expect(throws: CodecError.self) {
                _ = try Checkpoint(decoding: damaged, expecting: nil)
            }
        }
    }

    @Test("truncated or extended bytes are refused")
    func lengths() throws {
        let (bytes, ref) = try Self.make().encoded()
        for length in bytes.indices {
            #expect(throws: CodecError.self, "\(length) bytes") {
                _ = try Checkpoint(decoding: Array(bytes[..<length]), expecting: ref)
            }
        }
        #expect(throws: CodecError.trailingBytes(1)) {
            _ = try Checkpoint(decoding: bytes + [0], expecting: ref)
        }
    }

    @Test("another try of the same epoch is not the one that was decided")
    func otherAttempt() throws {
        var checkpoint = try Self.make()
        let (_, ref) = checkpoint.encoded()
        checkpoint.attempt = 1
        let (bytes, _) = checkpoint.encoded()
        #expect(throws: CodecError.checksumMismatch) {
            _ = try Checkpoint(decoding: bytes, expecting: ref)
        }
    }

    @Test(
        "only the reference's own form is read",
        arguments: [
            "", "mr1", "mr1:1:2", "mr1:1:2:3:4", "mr2:1:2:3", "mr1:x:2:3", "mr1:1::3",
            "mr1:1:2:100000000",
        ])
    func badMetadata(text: String) {
        #expect(CheckpointRef(metadata: text) == nil)
    }
}

@Suite("Snapshot reader")
struct SnapshotReaderTests {
    private func fingerprint(_ name: String) throws -> OperatorFingerprint {
        OperatorFingerprint(
            id: try #require(OperatorID(name)), kind: "test", keyType: "", stateVersion: 1)
    }

    @Test("hands each operator its own section, and nothing to one without")
    func sections() throws {
        var writer = SnapshotWriter(.everything)
        writer.section(try fingerprint("a")) { $0.integer(UInt32(1)) }
        writer.section(try fingerprint("b")) { _ in }
        writer.section(try fingerprint("c")) { $0.integer(UInt32(3)) }
        let reader = try SnapshotReader(all: true, bytes: writer.bytes.bytes[...])
        var seen: [String: UInt32] = [:]
        for name in ["c", "a", "b", "d"] {
            try reader.section(try fingerprint(name).id) { (bytes) throws(CodecError) in
                seen[name] = bytes.isAtEnd ? 0 : try bytes.integer()
            }
        }
        #expect(seen == ["a": 1, "b": 0, "c": 3])
    }

    @Test("a section that isn't read to its end is an error")
    func leftOver() throws {
        var writer = SnapshotWriter(.everything)
        let fingerprint = try fingerprint("a")
        writer.section(fingerprint) { $0.integer(UInt32(1)) }
        let reader = try SnapshotReader(all: true, bytes: writer.bytes.bytes[...])
        #expect(throws: CodecError.trailingBytes(2)) {
            try reader.section(fingerprint.id) { (bytes) throws(CodecError) in
                _ = try bytes.integer(UInt16.self)
            }
        }
    }

    @Test("two sections of one operator are refused")
    func twice() throws {
        var writer = SnapshotWriter(.everything)
        writer.section(try fingerprint("a")) { _ in }
        writer.section(try fingerprint("a")) { _ in }
        #expect(throws: CodecError.self) {
            _ = try SnapshotReader(all: true, bytes: writer.bytes.bytes[...])
        }
    }

    @Test("bytes that end anywhere are an error or fewer sections, never a crash")
    func truncated() throws {
        var writer = SnapshotWriter(.everything)
        for name in ["a", "b", "c"] {
            writer.section(try fingerprint(name)) { $0.string("state of \(name)") }
        }
        let bytes = writer.bytes.bytes
        let boundaries = (0...bytes.count).filter {
            (try? SnapshotReader(all: true, bytes: bytes[..<$0])) != nil
        }
        #expect(boundaries == [0, bytes.count / 3, bytes.count / 3 * 2, bytes.count])
    }
}
