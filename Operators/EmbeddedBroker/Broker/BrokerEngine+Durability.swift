internal import BrokerModel

// Group commit: what was written since the last sync is synced together, on another thread.

/// A sync to be run on another thread: files of one partition, or of the journal.
package struct SyncJob: Sendable {
    /// Names the job to the engine.
    package let number: UInt64
    /// What is synced, in this order.
    let files: [any LogFile]

    /// Runs the job; returns what went wrong.
    package func run() -> FileError? {
        for file in files {
            do throws(FileError) { try file.sync() } catch { return error }
        }
        return nil
    }
}

/// What a sync makes durable once it has run.
struct SyncTarget {
    /// nil for the journal.
    var partition: Partition?
    var segments: [(segment: Segment, size: Int64)] = []
    /// The end of the log, or of the journal, when the job was made.
    var upTo: Int64
    var incarnation = 0
    /// The state at a roll, to be kept as a snapshot once everything below it is durable.
    var snapshot: PartitionLog?
}

extension BrokerEngine {
    // MARK: Waiting

    /// Whether the journal is synced before anything is answered: so long as one topic promises it.
    var isJournalDurable: Bool {
        configuration.flush == .ack || topics.values.contains { $0.config.flush == .ack }
    }

    /// Runs `action` once everything that is in the journal now is as durable as was promised.
    func whenJournalDurable(_ action: @escaping () -> Void) {
        guard let journal, isJournalDurable, journal.written > journalSynced else {
            return action()
        }
        journalWaiters.append((journal.written, action))
        wantSync()
    }

    /// Runs `action` once the records below `offset` are as durable as the topic promises.
    func whenDurable(
        _ partition: Partition, below offset: Int64, _ action: @escaping (Bool) -> Void
    ) {
        let isReached = partition.store.log.highWatermark >= offset
        guard partition.topic.config.flush == .ack, !isReached else {
            return action(!partition.isFailed)
        }
        if partition.isFailed || partition.isDeleted { return action(false) }
        partition.durabilityWaiters.append((offset, action))
    }

    /// Batches were written to the partition.
    func noteDirty(_ partition: Partition, now: Int64) {
        if partition.dirtySince == nil { partition.dirtySince = now }
        if partition.topic.config.flush == .ack { wantSync(partition) }
        if dirty[ObjectIdentifier(partition)] == nil {
            dirty[ObjectIdentifier(partition)] = partition
        }
    }

    private func wantSync(_ partition: Partition) {
        guard !partition.isSyncWanted else { return }
        partition.isSyncWanted = true
        wantSync()
    }

    func wantSync() {
        if !isSyncing, !isSyncWanted {
            isSyncWanted = true
            driver?.syncWanted()
        }
    }

    // MARK: Intervals

    /// When the next partition has to be synced in the background.
    var nextFlush: Int64? {
        guard !isSyncing else { return nil }
        var next: Int64?
        for partition in dirty.values where !partition.isSyncWanted && !partition.isFailed {
            guard let since = partition.dirtySince,
                case .interval(let interval) = partition.topic.config.flush
            else { continue }
            let due = since.addingReportingOverflow(interval)
            next = min(next ?? .max, due.overflow ? .max : due.partialValue)
        }
        return next
    }

    func flushDue(now: Int64) {
        for partition in dirty.values {
            guard let since = partition.dirtySince,
                case .interval(let interval) = partition.topic.config.flush,
                now - since >= interval
            else { continue }
            wantSync(partition)
        }
    }

    // MARK: Syncing

    /// The syncs that are wanted now.
    ///
    /// They are run anywhere, in their order, and then reported with
    /// ``finishSync(_:now:)``; until then no others are handed out.
    package func takeSyncJobs() -> [SyncJob] {
        guard !isSyncing else { return [] }
        isSyncWanted = false
        var jobs: [SyncJob] = []
        if let journal, journal.written > journalSynced {
            jobs.append(SyncJob(number: nextJob(), files: [journal.file]))
            syncTargets[jobs[0].number] = SyncTarget(
                upTo: journal.written, incarnation: journal.incarnation)
        }
        let wanted = dirty.values.filter { $0.isSyncWanted && !$0.isFailed && !$0.isDeleted }
        for partition in wanted.sorted(by: { $0.name < $1.name }) {
            partition.isSyncWanted = false
            partition.dirtySince = nil
            var target = SyncTarget(partition: partition, upTo: partition.store.log.endOffset)
            for segment in partition.store.segments where segment.synced < segment.size {
                target.segments.append((segment, segment.size))
            }
            target.snapshot = partition.store.takeRollSnapshot()
            dirty[ObjectIdentifier(partition)] = nil
            let job = SyncJob(number: nextJob(), files: target.segments.map(\.segment.file))
            syncTargets[job.number] = target
            jobs.append(job)
        }
        isSyncing = !jobs.isEmpty
        return jobs
    }

    private func nextJob() -> UInt64 {
        jobNumber += 1
        return jobNumber
    }

    /// The jobs were run, each with the error it met.
    package func finishSync(_ results: [(job: UInt64, error: FileError?)], now: Int64) {
        isSyncing = false
        for (job, error) in results {
            guard let target = syncTargets.removeValue(forKey: job) else { continue }
            if let partition = target.partition {
                finish(target, of: partition, error: error, now: now)
            } else {
                finishJournal(target, error: error)
            }
        }
        drainEffects(now: now)
        let isWanted =
            dirty.values.contains { $0.isSyncWanted } || !journalWaiters.isEmpty || isSyncWanted
        if isWanted {
            isSyncWanted = false
            wantSync()
        }
    }

    private func finishJournal(_ target: SyncTarget, error: FileError?) {
        if let error {
            // What waits is never answered; its clients ask again and find out.
            return log("journal: \(error)")
        }
        guard target.incarnation == journal?.incarnation else { return }
        journalSynced = max(journalSynced, target.upTo)
        runJournalWaiters()
    }

    func runJournalWaiters() {
        let ready = journalWaiters.filter { $0.position <= journalSynced }
        journalWaiters.removeAll { $0.position <= journalSynced }
        for waiter in ready { waiter.action() }
    }

    private func finish(
        _ target: SyncTarget, of partition: Partition, error: FileError?, now: Int64
    ) {
        if let error {
            log("\(partition.name): \(error); it takes no more records until the next start")
            partition.isFailed = true
        } else {
            for (segment, size) in target.segments { segment.synced = max(segment.synced, size) }
            if let snapshot = target.snapshot, !partition.isDeleted {
                try? partition.store.writeSnapshot(snapshot)
            }
            if partition.topic.config.flush == .ack {
                partition.store.log.raiseHighWatermark(to: target.upTo)
                wakeFetches(of: partition)
            }
        }
        let reached = partition.store.log.highWatermark
        let isFailed = partition.isFailed || partition.isDeleted
        let ready = partition.durabilityWaiters.filter { $0.offset <= reached || isFailed }
        partition.durabilityWaiters.removeAll { $0.offset <= reached || isFailed }
        for waiter in ready { waiter.action(waiter.offset <= reached) }
    }
}
