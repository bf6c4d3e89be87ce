public import Records

/// Reads a ``SimulatedLog``.
public final class SimulatedReader: LogReader {
    private let log: SimulatedLog
    private let group: SimulatedGroup?
    private let member: Int?
    private var positions: [TopicPartition: Int] = [:]
    /// What the group has given to this member, as far as it has heard.
    private var given: Set<TopicPartition> = []
    /// What the member has lost and not let go of yet: as with librdkafka, the group goes on at its answer.
    private var owed: Set<TopicPartition> = []
    private var isClosed = false
    /// How many times the group could not be told.
    public private(set) var failedAnnouncements = 0
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
        guard let group, let member, owed.isEmpty else { return false }
        return group.hasNews(for: member)
    }

    /// Takes the member for dead, as after a session timeout: others get its partitions.
    public func expire() {
        if let group, let member { group.expire(member) }
    }

    /// What the group has to say.
    public func poll() throws -> [GroupEvent] {
        try refuse()
        guard let group, let member, owed.isEmpty else { return [] }
        let events = group.poll(member)
        for event in events {
            switch event {
            case .assigned(let partitions): given.formUnion(partitions)
            case .lost(let partitions):
                given.subtract(partitions)
                owed.formUnion(partitions)
            case .revoked, .failed: break
            }
        }
        return events
    }

    /// What the group committed.
    public func committed(
        _ partitions: [TopicPartition]
    ) throws -> [TopicPartition: CommittedOffset] {
        try refuse()
        guard let group else { return [:] }
        // As with "require stable": what a transaction may still change can't be known.
        for partition in partitions where log.isUnstable(partition, of: group.name) {
            throw SimulatedReader.refusal("a transaction of the offset is open")
        }
        return group.offsets.filter { partitions.contains($0.key) }
    }

    /// Who this member takes itself for.
    public func identity() throws -> any GroupIdentity {
        guard let group, let member else {
            throw DataflowError(.invariant, domain: .internal, "the reader is no group's member")
        }
        return group.identity(of: member)
    }

    /// Whether the member was given these partitions and has not heard that they are somebody else's.
    public func owns(_ partitions: [TopicPartition]) -> Bool {
        member == nil || partitions.allSatisfy { given.contains($0) }
    }

    /// Whether the group waits for this member.
    public var isGivingBack: Bool {
        guard let group, let member else { return false }
        return !owed.isEmpty || group.isRevoking(from: member)
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

    /// Tells the group, if it lets this member.
    public func announce(_ offsets: [TopicPartition: Offset]) {
        let plain = offsets.mapValues { CommittedOffset(offset: $0) }
        do {
            try group?.commit(plain, member: member)
        } catch {
            failedAnnouncements += 1
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
            owed.remove(partition)
            if let group, let member, group.released(partition, by: member) {
                given.remove(partition)
            }
        }
    }

    /// Goes past the next record of partitions, as a client does that drops what it had fetched.
    func skip(_ partitions: [TopicPartition]) {
        for partition in partitions where backlog(of: partition) ?? 0 > 0 {
            positions[partition]? += 1
        }
    }

    /// How many offsets of a partition lie before its reader; nil when it isn't assigned.
    public func backlog(of partition: TopicPartition) -> Int? {
        positions[partition].map { Int(log.end(of: partition).rawValue) - $0 }
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
        let end = Int(log.end(of: partition).rawValue)
        guard let content = log.found(partition), position <= end else {
            throw DataflowError(
                .offsetOutOfRange, domain: .external,
                "the log holds offsets 0 to \(end), not \(position)",
                partition: partition, offset: Offset(Int64(position)))
        }
        guard position >= content.earliest else {
            throw DataflowError(
                .offsetOutOfRange, domain: .external,
                "the log begins at \(content.earliest): \(content.earliest - position) offsets from "
                    + "\(position) on are gone", partition: partition,
                offset: Offset(Int64(position)))
        }
        let (records, next) = content.visible(
            from: position, maximum: min(max(1, maximum), batchLimit))
        positions[partition] = next
        if !records.isEmpty { try SimulatedReader.lend(records, partition, body) }
        return next == end ? Offset(Int64(end)) : nil
    }

    /// Lays records side by side in memory for the time of a call.
    private static func lend(
        _ records: [SimulatedPartition.Found], _ partition: TopicPartition,
        _ body: (RecordBatch) throws -> Void
    ) throws {
        var bytes: [UInt8] = [0]
        for found in records { bytes += (found.record.key ?? []) + (found.record.value ?? []) }
        try bytes.withUnsafeBytes { memory in
            var cursor = 1
            func place(_ field: [UInt8]?) -> UnsafeRawBufferPointer? {
                guard let field else { return nil }
                defer { cursor += field.count }
                return UnsafeRawBufferPointer(rebasing: memory[cursor..<(cursor + field.count)])
            }
            var views: [RecordView] = []
            for found in records {
                let key = place(found.record.key)
                views.append(
                    RecordView(
                        offset: Offset(Int64(found.offset)), timestamp: found.record.timestamp,
                        key: key, value: place(found.record.value)))
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
            earliest: Offset(Int64(log.found(partition)?.earliest ?? 0)),
            end: log.end(of: partition))
    }

    /// The first record at or behind a time.
    public func offset(of partition: TopicPartition, at time: EventTime) throws -> Offset? {
        log.found(partition)?.visible(from: 0, maximum: .max).records
            .first { $0.record.timestamp >= time }.map { Offset(Int64($0.offset)) }
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
