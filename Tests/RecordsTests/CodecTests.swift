import Records
import Testing

@Suite("Codecs")
struct CodecTests {
    @Test("CRC-32C of the RFC 3720 vectors, whole and in pieces")
    func crc() {
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(CRC32C.checksum([UInt8](repeating: 0xff, count: 32)) == 0x62A8_AB43)
        #expect(CRC32C.checksum((0..<32).map { UInt8($0) }) == 0x46DD_794E)
        #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
        var pieces = CRC32C()
        let bytes = Array("123456789".utf8)
        for range in [0..<1, 1..<4, 4..<9] {
            Array(bytes[range]).withUnsafeBytes { pieces.update($0) }
        }
        #expect(pieces.value == 0xE306_9283)
    }

    @Test("varints and zigzags of every width come back")
    func varints() throws {
        for bits in 0..<64 {
            for value in [UInt64(1) << UInt64(bits), (UInt64(1) << UInt64(bits)) &- 1, .max] {
                var writer = ByteWriter()
                writer.varint(value)
                writer.zigzag(Int64(bitPattern: value))
                writer.bytes.withUnsafeBytes { bytes in
                    var reader = ByteReader(bytes)
                    #expect((try? reader.varint()) == value)
                    #expect((try? reader.zigzag()) == Int64(bitPattern: value))
                    #expect(reader.isAtEnd)
                }
            }
        }
    }

    @Test("every prefix of a value is refused as truncated")
    func truncation() {
        let value: [String?] = ["a", nil, "longer text"]
        let bytes = value.encoded
        for length in 0..<bytes.count {
            #expect(throws: CodecError.self) {
                _ = try [String?](decoding: Array(bytes[..<length]))
            }
        }
        #expect((try? [String?](decoding: bytes)) == value)
    }

    @Test("a damaged count reserves no memory")
    func damagedCount() {
        var writer = ByteWriter()
        writer.varint(.max >> 1)
        #expect(throws: CodecError.truncated) { _ = try [UInt8](decoding: writer.bytes) }
    }
}
