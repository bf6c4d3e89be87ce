internal import Dataflow
internal import KafkaClient
internal import Records

/// Reads all partitions of a topic by hand, from where it is told to what the topic holds when it is opened.
final class TopicCursor {
    private let reader: KafkaReader
    private var positions: [TopicPartition: Offset] = [:]
    private var ends: [TopicPartition: Offset] = [:]
    private let goesOn: Bool

    /// Opens the partitions.
    ///
    /// - Parameters:
    ///   - starts: where reading begins; a partition that isn't named is read from its first record.
    ///   - goesOn: whether what comes later is read as well; otherwise a partition is left at its end.
    ///   - memoryBudget: what may be prefetched, in bytes.
    init(
        _ topic: String, _ kafka: KafkaConfiguration, from starts: [TopicPartition: Offset] = [:],
        goesOn: Bool = false, memoryBudget: Int = 64 << 20
    ) throws {
        self.goesOn = goesOn
        reader = try KafkaReader(kafka, KafkaReaderOptions(.byHand(), memoryBudget: memoryBudget))
        for number in 0..<(try reader.partitionCount(of: topic)) {
            let partition = TopicPartition(topic: topic, partition: number)
            let bounds = try reader.bounds(of: partition)
            let start = starts[partition] ?? bounds.earliest
            guard goesOn || start < bounds.end else { continue }
            (positions[partition], ends[partition]) = (start, bounds.end)
        }
        try reader.assign(positions)
    }

    /// Whether all that the topic held at the beginning was read.
    var isAtEnd: Bool { ends.allSatisfy { (positions[$0.key] ?? $0.value) >= $0.value } }

    /// Hands over what is there of each partition, at most `maximum` records of each.
    ///
    /// - Returns: the number of records.
    func read(maximum: Int, _ body: (RecordView) -> Void) throws -> Int {
        var count = 0
        for partition in positions.keys.sorted() {
            guard var position = positions[partition], let end = ends[partition],
                goesOn || position < end
            else { continue }
            let present = try reader.read(partition, maximum: maximum) { batch in
                for record in batch.records where goesOn || record.offset < end {
                    body(record)
                    count += 1
                }
                position = batch.next ?? position
            }
            if let present { position = max(position, present) }
            positions[partition] = position
        }
        return count
    }

    /// Waits for more.
    func wait(milliseconds: Int) { reader.wait(milliseconds: milliseconds) }

    /// Closes the reader.
    func close() { reader.close() }
}
