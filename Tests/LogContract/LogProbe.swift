package import Records
package import Testing

/// A record, copied out of the batch that brought it.
package struct SeenRecord: Equatable, Sendable {
    /// Its place.
    package var offset: Offset
    /// Its time.
    package var timestamp: EventTime
    /// Its key.
    package var key: [UInt8]?
    /// Its value; nil for a tombstone.
    package var value: [UInt8]?
}

/// How long anything in a contract may take before it has failed.
package let contractDeadline = Duration.seconds(120)

/// Repeats a step until it gives something; a real client is waited for, never slept for.
///
/// - Parameter idle: waits a little for the clients under test.
package func eventually<T>(
    _ what: Comment, idle: () -> Void, _ step: () throws -> T?,
    sourceLocation: SourceLocation = #_sourceLocation
) throws -> T {
    let deadline = ContinuousClock.now + contractDeadline
    while ContinuousClock.now < deadline {
        if let value = try step() { return value }
        idle()
    }
    return try #require(try step(), what, sourceLocation: sourceLocation)
}

extension LogReader {
    /// Everything from the reader's position to the partition's end, at least `count` records.
    package func readAll(
        _ partition: TopicPartition, atLeast count: Int = 0, maximum: Int = 1_024
    ) throws -> [SeenRecord] {
        var seen: [SeenRecord] = []
        return try eventually(
            "\(partition) ends behind at least \(count) records; \(seen.count) were read",
            idle: { wait(milliseconds: 20) }
        ) {
            let end = try readOnce(partition, maximum: maximum, into: &seen)
            return end != nil && seen.count >= count ? seen : nil
        }
    }

    /// One call of `read`, its records appended.
    package func readOnce(
        _ partition: TopicPartition, maximum: Int = 1_024, into seen: inout [SeenRecord]
    ) throws -> Offset? {
        var calls = 0
        let end = try read(partition, maximum: maximum) { batch in
            calls += 1
            #expect(batch.partition == partition)
            #expect(!batch.records.isEmpty && batch.records.count <= maximum)
            for record in batch.records {
                seen.append(
                    SeenRecord(
                        offset: record.offset, timestamp: record.timestamp,
                        key: record.key.map { Array($0) }, value: record.value.map { Array($0) }))
            }
        }
        #expect(calls <= 1)
        return end
    }
}

extension LogWriter {
    /// Writes and waits for the acknowledgement; an error in a report is thrown.
    package func writeThrough(_ batch: OutputBatch, token: UInt64 = 1) throws {
        try write(batch, token: token)
        try flush(timeoutMilliseconds: 20_000)
        let reports = poll()
        #expect(reports.map(\.token) == [token])
        for report in reports { if let error = report.error { throw error } }
    }
}

extension OutputBatch {
    /// Appends a record given by its bytes.
    package mutating func append(
        topic: Int = 0, partition: Int32, time: Int64 = 1_479_772_800_000,
        key: [UInt8]? = nil, value: [UInt8]?, headers: [RecordHeader] = []
    ) {
        func place(_ data: [UInt8]?) -> Range<Int>? {
            guard let data else { return nil }
            let start = bytes.count
            bytes += data
            return start..<bytes.count
        }
        let key = place(key)
        let value = place(value)
        entries.append(
            Entry(
                topic: topic, partition: partition, timestamp: EventTime(milliseconds: time),
                key: key, value: value, headers: headers))
    }

    /// A batch of numbered records for one partition.
    package static func numbered(
        _ topic: String, _ partition: Int32, _ numbers: Range<Int>
    ) -> OutputBatch {
        var batch = OutputBatch(topics: [topic])
        for number in numbers {
            batch.append(partition: partition, value: Array(String(number).utf8))
        }
        return batch
    }
}

/// The number that ``OutputBatch/numbered(_:_:_:)`` wrote.
package func number(_ record: SeenRecord) -> Int? {
    record.value.flatMap { Int(String(decoding: $0, as: UTF8.self)) }
}
