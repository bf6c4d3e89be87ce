internal import Dataflow
internal import KafkaClient
internal import Records

/// Reads all of a topic once, for a summary.
enum TopicScan {
    /// How long a partition may keep silent before the scan gives up, in waits of 20 ms.
    private static let patience = 1_000

    /// Calls `body` with each record that is in the topic now.
    static func read<Record: TopicRecord>(
        _ topic: String, _ kafka: KafkaConfiguration, as type: Record.Type,
        from starts: [TopicPartition: Offset] = [:], _ body: (Record) -> Void
    ) throws {
        let reader = try KafkaReader(kafka, KafkaReaderOptions(.byHand(), memoryBudget: 64 << 20))
        defer { reader.close() }
        for number in 0..<(try reader.partitionCount(of: topic)) {
            let partition = TopicPartition(topic: topic, partition: number)
            let bounds = try reader.bounds(of: partition)
            var position = starts[partition] ?? bounds.earliest
            if position >= bounds.end { continue }
            try reader.assign([partition: position])
            var silent = 0
            while position < bounds.end, silent < patience {
                let end = try reader.read(partition, maximum: 1_024) { batch in
                    for record in batch.records {
                        if let value = try? Record(record: record) { body(value) }
                    }
                    position = batch.next ?? position
                    silent = 0
                }
                if let end { position = max(position, end) }
                silent += 1
                if position < bounds.end { reader.wait(milliseconds: 20) }
            }
            try reader.unassign([partition])
        }
    }
}
