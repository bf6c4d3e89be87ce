import BrokerModel
import Testing

@Suite("Record batches")
struct RecordBatchTests {
    @Test("have a checksum that does not cover base offset and leader epoch")
    func stamping() throws {
        var builder = RecordBatchBuilder(timestamp: 5)
        builder.append(key: nil, value: [1, 2, 3])
        let batch = builder.build()
        var stamped = batch
        for index in 0..<8 { stamped[index] = 0x11 }
        for index in 12..<16 { stamped[index] = 0x22 }
        let before = try batch.withUnsafeBytes { try RecordBatchHeader($0).checksum }
        #expect(stamped.withUnsafeBytes(RecordBatchHeader.computedChecksum) == before)
        var damaged = batch
        damaged[21] ^= 1
        #expect(damaged.withUnsafeBytes(RecordBatchHeader.computedChecksum) != before)
    }
}
