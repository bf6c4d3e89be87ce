public import Records

/// Reads a ``SimulatedLog``.
public final class SimulatedReader: LogReader {
    private let log: SimulatedLog
    private let group: SimulatedGroup?
    private let member: Int?
    private var positions: [TopicPartition: Int] = [:]
    private var isClosed = false
    /// The most records of a batch, whatever the caller asks for.
    public var batchLimit = Int.max

    init(_ log: SimulatedLog, group: SimulatedGroup?, member: Int?) {
        self.log = log
        self.group = group
        self.member = member
    }

    // MARK: The group

    /// Whether ``poll()`` has something to say.
    public var hasNews: Bool {
        guard let group, let member else { return false }
        return group.hasNews(for: member)
    }

    /// Takes the member for dead, as after a session timeout: others get its partitions.
    public func expire() {
        if let group, let member { group.expire(member) }
    }

    /// What the group has to say.
    public func poll() throws -> [GroupEvent] {
        try refuse()
        guard let group, let member else { return [] }
        return group.poll(member)
    }

    /// What the group committed.
    public func committed(
        _ partitions: [TopicPartition]
    ) throws -> [TopicPartition: CommittedOffset] {
        try refuse()
        return group?.offsets.filter { partitions.contains($0.key) } ?? [:]
    }

    /// Commits for the group.
    public func commit(_ offsets: [TopicPartition: CommittedOffset]) throws {
        guard let group else {
            throw DataflowError(.invariant, domain: .internal, "the reader belongs to no group")
        }
        if log.faults?.strikes(.commitRefused, oneIn: 8) ?? false {
            throw SimulatedReader.refusal("the commit was refused")
        }
        if log.faults?.strikes(.commitLost, oneIn: 12) ?? false {
            throw SimulatedReader.unknown
        }
        try group.commit(offsets, member: member)
        if log.faults?.strikes(.commitUnheard, oneIn: 12) ?? false {
            throw SimulatedReader.unknown
        }
    }

    private static var unknown: DataflowError {
        DataflowError(
            .logUnavailable, domain: .external, retry: .restart,
            "nobody answered; the commit may have happened")
    }

    private static func refusal(_ what: String) -> DataflowError {
        DataflowError(.logUnavailable, domain: .external, retry: .backoff, what)
    }

    private func refuse() throws {
        if log.faults?.strikes(.readRefused, oneIn: 50) ?? false {
            throw SimulatedReader.refusal("the log can't be asked")
        }
    }

    // MARK: Reading

    /// Starts reading partitions.
    public func assign(_ offsets: [TopicPartition: Offset]) throws {
        for (partition, offset) in offsets.sorted(by: { $0.key < $1.key }) {
            guard positions[partition] == nil, offset.rawValue >= 0, partition.partition >= 0
            else {
                throw DataflowError(
                    .invariant, domain: .internal,
                    "the partition is assigned already, or partition or offset is negative",
                    partition: partition, offset: offset)
            }
            if let group, let member, !group.owns(partition, member) {
                throw DataflowError(
                    .fenced, domain: .external, retry: .restart,
                    "the group has not assigned the partition to this member",
                    partition: partition)
            }
        }
        for (partition, offset) in offsets { positions[partition] = Int(offset.rawValue) }
    }

    /// Stops reading partitions.
    public func unassign(_ partitions: [TopicPartition]) throws {
        for partition in partitions {
            positions[partition] = nil
            if let group, let member { group.released(partition, by: member) }
        }
    }

    /// How many records of a partition lie before its reader; nil when it isn't assigned.
    public func backlog(of partition: TopicPartition) -> Int? {
        positions[partition].map { log.records(partition).count - $0 }
    }

    /// Hands over the next records of a partition.
    public func read(
        _ partition: TopicPartition, maximum: Int, _ body: (RecordBatch) throws -> Void
    ) throws -> Offset? {
        guard let position = positions[partition] else {
            throw DataflowError(
                .invariant, domain: .internal, "the partition is not assigned",
                partition: partition)
        }
        let records = log.records(partition)
        guard position <= records.count else {
            throw DataflowError(
                .offsetOutOfRange, domain: .external,
                "the log holds offsets 0 to \(records.count), not \(position)",
                partition: partition, offset: Offset(Int64(position)))
        }
        let count = min(min(max(1, maximum), batchLimit), records.count - position)
        guard count > 0 else { return Offset(Int64(position)) }
        positions[partition] = position + count
        try SimulatedReader.lend(
            records[position..<(position + count)], from: position, partition, body)
        return position + count == records.count ? Offset(Int64(records.count)) : nil
    }

    /// Lays records side by side in memory for the time of a call.
    private static func lend(
        _ records: ArraySlice<SimulatedLog.Record>, from position: Int,
        _ partition: TopicPartition, _ body: (RecordBatch) throws -> Void
    ) throws {
        var bytes: [UInt8] = [0]
        for record in records { bytes += (record.key ?? []) + (record.value ?? []) }
        try bytes.withUnsafeBytes { memory in
            var cursor = 1
            func place(_ field: [UInt8]?) -> UnsafeRawBufferPointer? {
                guard let field else { return nil }
                defer { cursor += field.count }
                return UnsafeRawBufferPointer(rebasing: memory[cursor..<(cursor + field.count)])
            }
            var views: [RecordView] = []
            for (index, record) in records.enumerated() {
                let key = place(record.key)
                views.append(
                    RecordView(
                        offset: Offset(Int64(position + index)), timestamp: record.timestamp,
                        key: key, value: place(record.value)))
            }
            try views.withUnsafeBufferPointer {
                try body(RecordBatch(partition: partition, records: $0))
            }
        }
    }

    /// Waits for nothing: in a simulation everything that can be there is there.
    public func wait(milliseconds: Int) {}

    /// What a partition holds.
    public func bounds(of partition: TopicPartition) throws -> PartitionBounds {
        try refuse()
        _ = try log.partitionCount(of: partition.topic)
        return PartitionBounds(
            earliest: Offset(0), end: Offset(Int64(log.records(partition).count)))
    }

    /// The first record at or behind a time.
    public func offset(of partition: TopicPartition, at time: EventTime) throws -> Offset? {
        log.records(partition).firstIndex { $0.timestamp >= time }.map { Offset(Int64($0)) }
    }

    /// How many partitions a topic has.
    public func partitionCount(of topic: String) throws -> Int32 {
        try log.partitionCount(of: topic)
    }

    /// Leaves the group.
    public func close() {
        if isClosed { return }
        isClosed = true
        positions = [:]
        if let group, let member { group.leave(member) }
    }
}
