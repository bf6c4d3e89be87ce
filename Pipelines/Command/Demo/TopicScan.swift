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
        let cursor = try TopicCursor(topic, kafka, from: starts)
        defer { cursor.close() }
        var silent = 0
        while !cursor.isAtEnd, silent < patience {
            silent = try cursor.read(maximum: 1_024, body) > 0 ? 0 : silent + 1
            if silent > 0 { cursor.wait(milliseconds: 20) }
        }
    }
}
