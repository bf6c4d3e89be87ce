import Compression
import Testing

@Suite("Compression")
struct CodecTests {
    static let samples: [[UInt8]] = [
        [], [7], Array(repeating: 65, count: 1_000_000),
        (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) },
    ]

    @Test("every codec gives back what it took", arguments: Codec.allCases)
    func roundTrip(codec: Codec) throws {
        for sample in CodecTests.samples {
            let packed = try codec.compress(sample)
            #expect(try codec.decompress(packed, limit: 1_000_000) == sample)
        }
    }

    @Test("no codec grows past its limit", arguments: Codec.allCases)
    func limit(codec: Codec) throws {
        let packed = try codec.compress(CodecTests.samples[2])
        #expect(throws: CompressionError.tooLarge(limit: 999_999)) {
            try codec.decompress(packed, limit: 999_999)
        }
    }

    @Test("a truncated stream is refused", arguments: Codec.allCases)
    func truncated(codec: Codec) throws {
        let packed = try codec.compress(CodecTests.samples[3])
        for length in [0, 1, packed.count / 2, packed.count - 1] {
            #expect(throws: CompressionError.self) {
                try codec.decompress(Array(packed[..<length]), limit: 1 << 20)
            }
        }
    }
}
