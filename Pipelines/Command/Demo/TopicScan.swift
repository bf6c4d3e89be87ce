internal import Dataflow
internal import KafkaClient
internal import Records

/// Reads all of a topic once, for a summary.
enum TopicScan {
    /// How long the topic may keep silent before the scan gives up, in waits of 20 ms.
    private static let patience = 1_000

    /// Calls `body` with each record that is in the topic now and can be decoded.
    static func read<Record: TopicRecord>(
        _ topic: String, _ kafka: KafkaConfiguration, as type: Record.Type,
        from starts: [TopicPartition: Offset] = [:], _ body: (Record) -> Void
    ) throws {
        try views(topic, kafka, from: starts) { record in
            if let value = try? Record(record: record) { body(value) }
        }
    }

    /// Calls `body` with each record that is in the topic now.
    static func views(
        _ topic: String, _ kafka: KafkaConfiguration, from starts: [TopicPartition: Offset] = [:],
        _ body: (RecordView) -> Void
    ) throws {
        let reader = try KafkaReader(kafka, KafkaReaderOptions(.byHand(), memoryBudget: 64 << 20))
        defer { reader.close() }
        var open: [TopicPartition: (position: Offset, end: Offset)] = [:]
        for number in 0..<(try reader.partitionCount(of: topic)) {
            let partition = TopicPartition(topic: topic, partition: number)
            let bounds = try reader.bounds(of: partition)
            let start = starts[partition] ?? bounds.earliest
            if start < bounds.end { open[partition] = (start, bounds.end) }
        }
        try reader.assign(open.mapValues { $0.position })
        var silent = 0
        while !open.isEmpty, silent < patience {
            silent += 1
            for (partition, state) in open.sorted(by: { $0.key < $1.key }) {
                var position = state.position
                let end = try reader.read(partition, maximum: 1_024) { batch in
                    for record in batch.records { body(record) }
                    position = batch.next ?? position
                    silent = 0
                }
                if let end { position = max(position, end) }
                if position < state.end {
                    open[partition]?.position = position
                } else {
                    open[partition] = nil
                }
            }
            if silent > 0 { reader.wait(milliseconds: 20) }
        }
    }
}
