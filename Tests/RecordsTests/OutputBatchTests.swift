import Records
import Testing

@Suite("Output batches")
struct OutputBatchTests {
    /// Keys and values of random length, some missing, some shared with the entry before.
    private static func batch(_ count: Int, seed: UInt64) -> OutputBatch {
        var random = SeededGenerator(seed: seed)
        var batch = OutputBatch(topics: ["a", "b"])
        func part() -> Range<Int>? {
            if random.next() % 5 == 0 { return nil }
            let start = batch.bytes.count
            for _ in 0..<random.next() % 20 { batch.bytes.append(UInt8(random.next() % 256)) }
            return start..<batch.bytes.count
        }
        for index in 0..<count {
            let isShared = random.next() % 4 == 0
            let last = batch.entries.last
            batch.entries.append(
                OutputBatch.Entry(
                    topic: Int(random.next() % 2), partition: Int32(index),
                    timestamp: EventTime(milliseconds: Int64(index)),
                    key: isShared ? last?.key : part(), value: isShared ? last?.value : part()))
        }
        return batch
    }

    private static func contents(_ batch: OutputBatch) -> [[[UInt8]?]] {
        batch.entries.map { entry in
            [
                [UInt8(entry.topic), UInt8(entry.partition)],
                entry.key.map { Array(batch.bytes[$0]) },
                entry.value.map { Array(batch.bytes[$0]) },
            ]
        }
    }

    @Test("pieces hold the same records in the same order, within both bounds", arguments: 0..<20)
    func pieces(seed: UInt64) {
        let batch = Self.batch(100, seed: seed)
        let (entries, bytes) = (1 + Int(seed) * 3, 30 + Int(seed) * 20)
        let pieces = batch.pieces(entries: entries, bytes: bytes)
        #expect(pieces.flatMap(Self.contents) == Self.contents(batch))
        for piece in pieces {
            let size = piece.entries.reduce(0) {
                $0 + ($1.key?.count ?? 0) + ($1.value?.count ?? 0)
            }
            #expect(piece.entries.count <= entries && piece.topics == batch.topics)
            #expect(size <= bytes || piece.entries.count == 1)
        }
    }

    @Test("what fits stays as it is, and nothing has no pieces")
    func whole() {
        let batch = Self.batch(10, seed: 1)
        #expect(batch.pieces(entries: 10, bytes: batch.bytes.count).count == 1)
        #expect(OutputBatch(topics: ["a"]).pieces(entries: 1, bytes: 1).isEmpty)
    }
}
