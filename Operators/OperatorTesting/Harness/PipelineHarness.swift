public import Dataflow
public import Records
public import State

/// Runs a whole pipeline, all of its stages, without a thread, a broker or a database: records go into topics,
/// and what comes out is read from topics and tables.
///
///     let harness = try PipelineHarness("word-count") { WordCount().build($0, .init()) }
///     try harness.send(lines, to: "lines")
///     try harness.finish()
///     #expect(harness.values(of: "word-counts") == …)
///
/// The workers are those of production under a ``SimulatedDriver`` that takes turns. ``crashAndRestore()`` kills
/// them at any batch boundary; see ``run(untilBatch:)``.
public final class PipelineHarness {
    /// What drives the pipeline, with its log, store, database and clock.
    public let driver: SimulatedDriver

    /// Makes the pipeline's topics and starts its workers.
    ///
    /// - Throws: the graph's faults.
    public init(
        _ pipeline: String, _ options: SimulationOptions = SimulationOptions(),
        define: @escaping (GraphBuilder) -> Void
    ) throws {
        driver = try SimulatedDriver(pipeline: pipeline, options, define: define)
    }

    // MARK: In

    /// Appends records to a topic, each to the partition of its key; those without a key in turn.
    public func send<Record: TopicRecord>(
        _ records: [Record], to topic: String, at time: (Record) -> EventTime
    ) throws {
        let partitions = try driver.log.partitionCount(of: topic)
        for (index, record) in records.enumerated() {
            var (key, value) = (ByteWriter(), ByteWriter())
            let hasKey = record.encodeKey(into: &key)
            let hasValue = record.encodeValue(into: &value)
            let partition =
                hasKey
                ? key.bytes.withUnsafeBytes { Murmur2.partition($0, of: partitions) }
                : Int32(index) % partitions
            try driver.log.append(
                SimulatedLog.Record(
                    timestamp: time(record), key: hasKey ? key.bytes : nil,
                    value: hasValue ? value.bytes : nil),
                to: TopicPartition(topic: topic, partition: partition))
        }
    }

    /// Appends raw bytes to a partition.
    public func send(_ record: SimulatedLog.Record, to topic: String, partition: Int32) throws {
        try driver.log.append(record, to: TopicPartition(topic: topic, partition: partition))
    }

    /// Hands a push to a stage that reads no topic, as a door does; ``settle()`` carries it on.
    ///
    /// - Parameter values: a `PushSource.Push` of the stage's type.
    /// - Throws: `.invalidDefinition` when there is no such stage.
    public func push(_ values: Any, to stage: String) throws {
        try driver.push(values, to: stage)
    }

    // MARK: Time

    /// Processes what is there, at the clock's present time.
    public func settle() throws { try driver.settle() }

    /// Lets time pass: commits, early results and idleness follow.
    public func advance(by duration: Duration) throws {
        let parts = duration.components
        try driver.advance(
            byMilliseconds: parts.seconds * 1_000 + parts.attoseconds / 1_000_000_000_000_000)
    }

    /// Goes on until so many batches were handed to workers since the harness was made, or nothing is left.
    ///
    /// - Returns: whether that many were.
    @discardableResult
    public func run(untilBatch count: Int) throws -> Bool {
        while driver.batches < count {
            if !(try driver.step()) { return false }
        }
        return true
    }

    /// Kills all workers where they stand, and starts others that go on from the last commits.
    public func crashAndRestore() throws { try driver.crash() }

    /// Says that what was sent is a recording, and that it has ended.
    ///
    /// Event time passes it by what is needed to decide on it, as time goes on. Records that come later by event
    /// time go on from there; ``finish()`` ends no further.
    public func endRecording() throws { try driver.endRecording() }

    /// Ends the inputs: every window closes, everything is committed, the workers stop.
    public func finish() throws { try driver.finish() }

    // MARK: Out

    /// The records of a topic, one partition behind the other, decoded.
    public func records<Record: TopicRecord>(
        of topic: String, as type: Record.Type = Record.self
    ) throws -> [Record] {
        try driver.log.records(of: topic).map { stored in
            let (key, value) = (stored.key ?? [], stored.value ?? [])
            return try key.withUnsafeBytes { key in
                try value.withUnsafeBytes { value in
                    try Record(
                        record: RecordView(
                            offset: Offset(0), timestamp: stored.timestamp,
                            key: stored.key == nil ? nil : key,
                            value: stored.value == nil ? nil : value))
                }
            }
        }
    }

    /// Which worker's client has written each of a topic's records, by its number; 0 for what was written in a
    /// transaction, or sent.
    package func writers(of topic: String) -> [Int] { driver.log.writers(of: topic) }

    /// The rows of a table, in the order of their keys.
    public func rows(of table: String) -> [[TableValue]] { driver.database.rows(of: table) }
}
