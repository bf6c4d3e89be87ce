internal import Dataflow
internal import KafkaClient
internal import Records
internal import TrafficUpdates

/// Reads a topic of speeds from its beginning and goes on with what comes.
final class SpeedReader {
    /// Milliseconds that a round waits for records.
    private static let waitMilliseconds = 50
    /// The most records of a partition that one round takes.
    private static let batchLimit = 4_096

    private let reader: KafkaReader
    private var positions: [TopicPartition: Offset] = [:]
    private var ends: [TopicPartition: Offset] = [:]

    /// Opens all partitions at their beginning.
    init(_ topic: String, _ kafka: KafkaConfiguration) throws {
        reader = try KafkaReader(kafka, KafkaReaderOptions(.byHand(), memoryBudget: 64 << 20))
        for number in 0..<(try reader.partitionCount(of: topic)) {
            let partition = TopicPartition(topic: topic, partition: number)
            let bounds = try reader.bounds(of: partition)
            (positions[partition], ends[partition]) = (bounds.earliest, bounds.end)
        }
        try reader.assign(positions)
    }

    /// Hands over what is there; records that can't be read are left out.
    ///
    /// - Returns: whether all that the topic held at the beginning was read.
    func read(_ body: (TrafficUpdate) -> Void) throws -> Bool {
        var count = 0
        for partition in positions.keys.sorted() {
            var position = positions[partition] ?? Offset(0)
            let end = try reader.read(partition, maximum: SpeedReader.batchLimit) { batch in
                for record in batch.records {
                    if let update = try? TrafficUpdate(record: record) { body(update) }
                    count += 1
                }
                position = batch.next ?? position
            }
            if let end { position = max(position, end) }
            positions[partition] = position
        }
        if count == 0 { reader.wait(milliseconds: SpeedReader.waitMilliseconds) }
        return ends.allSatisfy { (positions[$0.key] ?? Offset(0)) >= $0.value }
    }

    /// Closes the reader.
    func close() { reader.close() }
}
