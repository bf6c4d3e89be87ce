public import Records

/// Appends to a ``SimulatedLog``: what was written lies with the client until it is polled or flushed, and is
/// lost with a client that is killed before.
public final class SimulatedWriter: LogWriter {
    private let log: SimulatedLog
    private var waiting: [(batch: OutputBatch, token: UInt64)] = []
    private var reports: [DeliveryReport] = []
    private var nextPartition: Int32 = 0
    private let appendRecord: (SimulatedLog.Record, TopicPartition) throws -> Void
    /// Whether a batch may be appended twice, as by clients without sequence numbers.
    var mayDuplicate = false

    init(
        _ log: SimulatedLog,
        append: @escaping (SimulatedLog.Record, TopicPartition) throws -> Void
    ) {
        self.log = log
        appendRecord = append
    }

    /// The most records that a client takes at once, as Kafka's.
    static let maximumRecords = 200_000
    /// The most bytes of keys and values.
    static let maximumBytes = 128 << 20

    /// How many partitions a topic has.
    public func partitionCount(of topic: String) throws -> Int32 {
        try log.partitionCount(of: topic)
    }

    /// The most bytes of a record.
    public func recordBound(of topic: String) -> Int { log.recordBound }

    /// Whether anything is not appended yet.
    public var hasWaiting: Bool { !waiting.isEmpty }

    /// Takes a batch.
    public func write(_ batch: OutputBatch, token: UInt64) throws {
        guard batch.entries.count <= SimulatedWriter.maximumRecords,
            batch.bytes.count <= SimulatedWriter.maximumBytes
        else {
            throw DataflowError(
                .limitExceeded, domain: .internal, "a batch is larger than the client's queue")
        }
        for entry in batch.entries {
            let end = max(entry.key?.upperBound ?? 0, entry.value?.upperBound ?? 0)
            guard batch.topics.indices.contains(entry.topic), end <= batch.bytes.count else {
                throw DataflowError(
                    .invariant, domain: .internal, "an entry points outside of its batch")
            }
        }
        if log.isFull || log.faults?.strikes(.writeRefused, oneIn: 10) ?? false {
            throw DataflowError(
                .limitExceeded, domain: .external, retry: .backoff, "the client's queue is full")
        }
        waiting.append((batch, token))
    }

    /// Appends the oldest batch that waits.
    public func sendOne() {
        if waiting.isEmpty { return }
        let (batch, token) = waiting.removeFirst()
        var error: DataflowError?
        let isDoubled = mayDuplicate && log.faults?.strikes(.duplicate, oneIn: 12) ?? false
        let copies = isDoubled ? 2 : 1
        for _ in 0..<copies {
            for entry in batch.entries {
                do {
                    try append(entry, of: batch)
                } catch let failure as TransactionError {
                    error = error ?? failure.error
                } catch let failure as DataflowError {
                    error = error ?? failure
                } catch {
                    continue
                }
            }
        }
        reports.append(DeliveryReport(token: token, error: error))
    }

    private func append(_ entry: OutputBatch.Entry, of batch: OutputBatch) throws {
        let topic = batch.topics[entry.topic]
        let size =
            (entry.key?.count ?? 0) + (entry.value?.count ?? 0)
            + entry.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.count }
        guard size <= log.recordBound else {
            throw DataflowError(
                .limitExceeded, domain: .user, "a record of \(size) bytes is too large")
        }
        var partition = entry.partition
        if partition < 0 {
            partition = nextPartition % (try log.partitionCount(of: topic))
            nextPartition = (nextPartition + 1) % 1_000_000
        }
        try appendRecord(
            SimulatedLog.Record(
                timestamp: entry.timestamp, key: entry.key.map { Array(batch.bytes[$0]) },
                value: entry.value.map { Array(batch.bytes[$0]) }, headers: entry.headers),
            TopicPartition(topic: topic, partition: partition))
    }

    /// The fates that became known; appends what waits.
    public func poll() -> [DeliveryReport] {
        while hasWaiting { sendOne() }
        return takeReports()
    }

    /// The fates that became known; appends nothing.
    public func takeReports() -> [DeliveryReport] {
        defer { reports = [] }
        return reports
    }

    /// Appends everything.
    public func flush(timeoutMilliseconds: Int) throws {
        while hasWaiting { sendOne() }
        if let failure { throw failure }
    }

    /// The first failure whose report was not taken yet.
    var failure: DataflowError? { reports.lazy.compactMap(\.error).first }

    /// Forgets what is not appended, and reports it as failed.
    func discard() {
        let error = DataflowError(
            .logUnavailable, domain: .external, retry: .restart, "the transaction was aborted")
        reports += waiting.map { DeliveryReport(token: $0.token, error: error) }
        waiting = []
    }

    /// Forgets what is not appended.
    public func close() { waiting = [] }
}
