internal import BrokerModel

// Group commit: what was written since the last sync is synced together, on other threads.

extension BrokerEngine {
    // MARK: Waiting for records

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
        if dirty[ObjectIdentifier(partition)] == nil {
            dirty[ObjectIdentifier(partition)] = partition
        }
        if partition.topic.config.flush == .ack { wantSync(partition) }
    }

    /// Has what was written to the partition synced as soon as its lane is free.
    func wantSync(_ partition: Partition) {
        // Where nothing was written no sync would follow, and the wish would hide the next one.
        guard dirty[ObjectIdentifier(partition)] != nil, !partition.isSyncWanted else { return }
        partition.isSyncWanted = true
        wantSync(lane(of: partition))
    }

    private func lane(of partition: Partition) -> SyncLane {
        partition.topic.config.flush == .ack ? .prompt : .background
    }

    /// Asks the driver to sync, unless it is at it or asked already.
    func wantSync(_ lane: SyncLane) {
        if !syncing.contains(lane), wantedLanes.insert(lane).inserted {
            driver?.syncWanted(lane)
        }
    }

    // MARK: Intervals

    /// When the next partition, or the journal, has to be synced in the background.
    var nextFlush: Int64? {
        var next = journalFlush ?? .max
        if !syncing.contains(.background) {
            for partition in dirty.values where !partition.isSyncWanted && !partition.isFailed {
                guard let since = partition.dirtySince,
                    case .interval(let interval) = partition.topic.config.flush
                else { continue }
                let due = since.addingReportingOverflow(interval)
                next = min(next, due.overflow ? .max : due.partialValue)
            }
        }
        return next == .max ? nil : next
    }

    /// When the journal has to be synced though nobody waits for it.
    private var journalFlush: Int64? {
        guard let since = journalDirtySince, let journal, !journal.isFailed,
            !syncing.contains(.prompt), !isJournalSyncWanted
        else { return nil }
        switch configuration.flush {
        case .interval(let interval):
            let due = since.addingReportingOverflow(interval)
            return due.overflow ? nil : due.partialValue
        case .ack: return since + Self.journalInterval
        case .system: return nil
        }
    }

    /// How long an entry that nobody waits for may lie, in ms, where others are synced at once.
    private static let journalInterval: Int64 = 1_000

    func flushDue(now: Int64) {
        if let due = journalFlush, due <= now { wantJournalSync() }
        for partition in dirty.values {
            guard let since = partition.dirtySince,
                case .interval(let interval) = partition.topic.config.flush,
                now - since >= interval
            else { continue }
            wantSync(partition)
        }
    }

    // MARK: Syncing

    /// The syncs that are wanted now in a lane.
    ///
    /// They are run anywhere, in their order, and then reported with
    /// ``finishSync(_:in:now:)``; until then that lane hands out no others.
    package func takeSyncJobs(_ lane: SyncLane) -> [SyncJob] {
        guard !syncing.contains(lane) else { return [] }
        wantedLanes.remove(lane)
        var jobs: [SyncJob] = []
        if lane == .prompt, let job = journalJob() { jobs.append(job) }
        let wanted = dirty.values.filter {
            $0.isSyncWanted && !$0.isFailed && !$0.isDeleted && !$0.isSyncing
                && self.lane(of: $0) == lane
        }
        for partition in wanted.sorted(by: { $0.name < $1.name }) {
            partition.isSyncWanted = false
            partition.isSyncing = true
            partition.dirtySince = nil
            var target = SyncTarget(
                partition: partition, topic: partition.topic, upTo: partition.store.log.endOffset)
            for segment in partition.store.segments where segment.synced < segment.size {
                target.segments.append((segment, segment.size))
            }
            target.snapshot = partition.store.takeRollSnapshot()
            target.hasNewNames = partition.store.takeNewNames()
            dirty[ObjectIdentifier(partition)] = nil
            let job = SyncJob(number: nextJob(), files: target.segments.map(\.segment.file))
            syncTargets[job.number] = target
            jobs.append(job)
        }
        if !jobs.isEmpty { syncing.insert(lane) }
        return jobs
    }

    private func journalJob() -> SyncJob? {
        guard let journal, !journal.isFailed, journal.written > journal.synced else { return nil }
        isJournalSyncWanted = false
        journalDirtySince = nil
        let job = SyncJob(number: nextJob(), files: [journal.file])
        syncTargets[job.number] = SyncTarget(
            upTo: journal.written, incarnation: journal.incarnation)
        return job
    }

    private func nextJob() -> UInt64 {
        jobNumber += 1
        return jobNumber
    }

    /// The jobs of a lane were run, each with the error it met.
    package func finishSync(
        _ results: [(job: UInt64, error: FileError?)], in lane: SyncLane, now: Int64
    ) {
        clock = now
        syncing.remove(lane)
        for (job, error) in results {
            guard let target = syncTargets.removeValue(forKey: job) else { continue }
            if let partition = target.partition {
                finish(target, of: partition, error: error, now: now)
            } else {
                finishJournal(target, error: error)
            }
        }
        drainEffects(now: now)
        for lane in SyncLane.allCases where isSyncWanted(lane) {
            wantedLanes.remove(lane)
            wantSync(lane)
        }
    }

    private func isSyncWanted(_ lane: SyncLane) -> Bool {
        wantedLanes.contains(lane)
            || (lane == .prompt && (!journalWaiters.isEmpty || isJournalSyncWanted))
            || dirty.values.contains { $0.isSyncWanted && self.lane(of: $0) == lane }
    }

    private func finish(
        _ target: SyncTarget, of partition: Partition, error: FileError?, now: Int64
    ) {
        partition.isSyncing = false
        if let error = error ?? syncNames(target, of: partition) {
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

    /// Makes the names of new segments durable; what is in them was synced by the job.
    private func syncNames(_ target: SyncTarget, of partition: Partition) -> FileError? {
        guard target.hasNewNames, !partition.isDeleted else { return nil }
        do throws(FileError) {
            try files.syncDirectory(topicsDirectory)
            try files.syncDirectory(partition.store.directory)
            return nil
        } catch {
            return error
        }
    }
}
