internal import CRdKafka
internal import Foundation
package import Records

/// Writes offsets for a group that nobody reads back, so that tools that know groups alone can show a lag.
///
/// Not as the group's member: a member that commits with the generation of before a rebalance, of which it can't
/// know yet, loses its whole assignment in librdkafka 2.0.2. A transaction whose commit names no member is checked
/// against no generation and touches no membership (KIP-447 keeps that for older clients). It takes the reader's
/// thread, so it is rare and bounded; what comes meanwhile waits, the later offset of a partition instead of the
/// earlier. Lives on the reader's thread.
final class GroupAnnouncer {
    /// Tells whoever finds such an offset where the truth lies.
    static let metadata = "decided in PostgreSQL"
    /// How long after an announcement the next one follows.
    static let interval = Duration.seconds(30)
    /// How often the client is asked for errors, which it would keep.
    static let pollInterval = Duration.seconds(1)

    private let configuration: KafkaConfiguration
    private let group: String
    /// Names no other announcer's transactions.
    private let id = UUID()
    /// How long an announcement may take.
    private let timeout: Duration
    private var writer: KafkaWriter?
    private var polledAt = ContinuousClock.now
    /// What is to be announced next.
    private(set) var waiting: [TopicPartition: Offset] = [:]
    private var dueAt = ContinuousClock.now
    /// How many announcements have failed; what they held is told by the next.
    private(set) var failed = 0
    private var isFailing = false

    init(_ configuration: KafkaConfiguration, group: String, timeoutMilliseconds: Int) {
        self.configuration = configuration
        self.group = group
        timeout = .milliseconds(timeoutMilliseconds)
    }

    /// Whether ``serve(_:)`` has something to do.
    var isBusy: Bool { writer != nil || !waiting.isEmpty }

    /// Takes offsets for the next announcement.
    func add(_ offsets: [TopicPartition: Offset]) { waiting.merge(offsets) { $1 } }

    /// Announces what waits, if it is time.
    ///
    /// - Parameter owned: the partitions that are the member's own.
    func serve(_ owned: Set<TopicPartition>) {
        let now = ContinuousClock.now
        if let writer, now - polledAt >= Self.pollInterval {
            polledAt = now
            _ = writer.poll()
        }
        guard !waiting.isEmpty, now >= dueAt else { return }
        // What is another member's by now is told by that one.
        waiting = waiting.filter { owned.contains($0.key) }
        announce(owned)
        dueAt = .now + Self.interval
    }

    /// Announces at once what waits of partitions that leave: whoever comes next may have nothing to decide.
    ///
    /// - Parameter owned: the partitions that are the member's own; of those that were lost somebody else tells, who
    ///   may have come further.
    func handOver(_ leaving: Set<TopicPartition>, of owned: Set<TopicPartition>) {
        if !isFailing { announce(leaving.intersection(owned)) }
        for partition in leaving { waiting[partition] = nil }
    }

    private func announce(_ partitions: Set<TopicPartition>) {
        let sending = waiting.filter { partitions.contains($0.key) }
        guard !sending.isEmpty else { return }
        do {
            try send(
                sending.mapValues { CommittedOffset(offset: $0, metadata: Self.metadata) },
                until: .now + timeout)
            for partition in sending.keys { waiting[partition] = nil }
            isFailing = false
        } catch {
            failed += 1
            isFailing = true
            discardWriter()
        }
    }

    private func send(
        _ offsets: [TopicPartition: CommittedOffset], until deadline: ContinuousClock.Instant
    ) throws {
        func left() -> Int { max(1, Int((deadline - .now) / .milliseconds(1))) }
        let writer = try client(left)
        guard let anonymous = rd_kafka_consumer_group_metadata_new(group) else {
            throw DataflowError(.invariant, domain: .internal, "no metadata of the group \(group)")
        }
        let identity = try KafkaGroupMetadata(consuming: anonymous)
        try writer.beginTransaction()
        try writer.sendOffsets(offsets, group: identity, timeoutMilliseconds: left())
        try writer.commitTransaction(timeoutMilliseconds: left())
    }

    private func client(_ left: () -> Int) throws -> KafkaWriter {
        if let writer { return writer }
        let made = try KafkaWriter(
            configuration, KafkaWriterOptions(transactionalID: "\(group).lag.\(id)"))
        writer = made
        try made.initTransactions(timeoutMilliseconds: left())
        return made
    }

    private func discardWriter() {
        // It may still wait for an answer, which nobody else is to wait for.
        writer?.handle.unanswered = true
        writer?.close()
        writer = nil
    }

    /// Announces what waits a last time, unless that failed before, and frees the client.
    func close(_ owned: Set<TopicPartition>) {
        if !isFailing { announce(owned) }
        waiting = [:]
        discardWriter()
    }
}

extension KafkaReader {
    package var failedAnnouncements: Int { announcer?.failed ?? 0 }

    /// Takes offsets for the next announcement, which ``poll()`` makes: whoever has just decided waits for nothing.
    package func announce(_ offsets: [TopicPartition: Offset]) { announcer?.add(offsets) }

    func serveAnnouncements() {
        if let announcer, announcer.isBusy { announcer.serve(announceable) }
    }

    /// The partitions that are the member's own.
    var announceable: Set<TopicPartition> {
        rd_kafka_assignment_lost(handle.raw) == 0 ? membership.assigned : []
    }
}
