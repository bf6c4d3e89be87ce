internal import BrokerModel
internal import Records

// The journal: what is kept in it, and what waits for it to be durable.

extension BrokerEngine {
    /// Whether the journal is synced before anything is answered: so long as one topic promises it.
    private var isJournalDurable: Bool {
        configuration.flush == .ack || topics.values.contains { $0.config.flush == .ack }
    }

    /// Appends an entry; false when the disk does not take it.
    @discardableResult
    func keep(_ entry: JournalEntry) -> Bool {
        guard let journal else { return false }
        do throws(FileError) {
            try journal.append(entry)
            if journalDirtySince == nil { journalDirtySince = clock }
            return true
        } catch {
            log("journal: \(error)")
            return false
        }
    }

    /// Answers a request once everything that is in the journal now is as durable as was promised;
    /// cuts the client off if that can't be reached any more.
    func replyWhenKept(_ message: some Message, to context: RequestContext) {
        whenJournalDurable(for: context.connection) { [weak self] in
            self?.reply(message, to: context)
        }
    }

    /// Runs `action` once everything that is in the journal now is as durable as was promised.
    func whenJournalDurable(
        for connection: ClientConnection? = nil, _ action: @escaping () -> Void
    ) {
        guard isJournalDurable else { return action() }
        afterJournalSync(for: connection, action)
    }

    /// Runs `action` once everything that is in the journal now is durable, whatever was promised:
    /// for what must not outlast its entry, like the deletion of files.
    func afterJournalSync(
        for connection: ClientConnection? = nil, _ action: @escaping () -> Void
    ) {
        guard let journal, !journal.isFailed, journal.written > journal.synced else {
            // A journal that has failed takes nothing: what is asked now is not in it.
            return action()
        }
        journalWaiters.append(
            JournalWaiter(position: journal.written, connection: connection, action: action))
        wantJournalSync()
    }

    func wantJournalSync() {
        isJournalSyncWanted = true
        wantSync(.prompt)
    }

    func finishJournal(_ target: SyncTarget, error: FileError?) {
        if let error { return failJournal(error) }
        journal?.noteSynced(upTo: target.upTo, incarnation: target.incarnation)
        runJournalWaiters()
    }

    /// The system may have dropped what it could not write, and a later sync would not say so:
    /// nothing more is kept until the next start, and nobody is told that it was.
    private func failJournal(_ error: FileError) {
        log("journal: \(error); nothing more is kept until the next start")
        journal?.fail()
        let waiters = journalWaiters
        journalWaiters = []
        for waiter in waiters {
            guard let connection = waiter.connection else { continue }
            driver?.close(connection, reason: "the journal could not be synced")
        }
    }

    private func runJournalWaiters() {
        guard let synced = journal?.synced else { return }
        let ready = journalWaiters.filter { $0.position <= synced }
        journalWaiters.removeAll { $0.position <= synced }
        for waiter in ready { waiter.action() }
    }

    /// Syncs the journal on this thread, for what can't be put off; false when it fails.
    func syncJournalNow() -> Bool {
        guard let journal else { return false }
        do throws(FileError) {
            try journal.sync()
        } catch {
            failJournal(error)
            return false
        }
        runJournalWaiters()
        return true
    }

    /// Replaces the journal by the present state once it is mostly history.
    func rewriteJournalIfLarge() {
        guard let journal, journal.wantsRewriting, !syncing.contains(.prompt) else { return }
        do throws(FileError) {
            try journal.rewrite(entriesOfState())
            // The new file holds all that anybody waits for.
            let ready = journalWaiters
            journalWaiters = []
            for waiter in ready { waiter.action() }
        } catch {
            if journal.isFailed { failJournal(error) } else { log("journal: \(error)") }
        }
    }

    /// How many offsets stand in one entry of a new journal, so that each stays readable.
    private static let offsetsInEntry = 1_000

    /// The entries that give the present state.
    private func entriesOfState() -> [JournalEntry] {
        var entries: [JournalEntry] = [.cluster(id: clusterID)]
        for topic in topics.values.sorted(by: { $0.name < $1.name }) {
            entries.append(
                .topicCreated(
                    name: topic.name, id: topic.id, partitions: Int32(topic.partitions.count),
                    configs: topic.config.overrides))
            for partition in topic.partitions where partition.store.log.startOffset > 0 {
                entries.append(
                    .recordsDeleted(
                        topic: topic.name, partition: partition.index,
                        offset: partition.store.log.startOffset))
            }
        }
        for group in groups.groups.values.sorted(by: { $0.id < $1.id }) {
            var kept = group
            if kept.state != .stable { kept.members = [:] }
            entries.append(.group(kept.encoded))
        }
        entries += entriesOfOffsets()
        for transaction in transactions.transactions.values.sorted(by: { $0.id < $1.id }) {
            entries.append(.transaction(transaction))
        }
        entries.append(
            .producerIDs(next: max(reservedProducerIDs, transactions.nextProducerID)))
        return entries
    }

    private func entriesOfOffsets() -> [JournalEntry] {
        func slices(_ commits: [OffsetStore.Commit]) -> [[OffsetStore.Commit]] {
            stride(from: 0, to: commits.count, by: Self.offsetsInEntry).map {
                Array(commits[$0..<min(commits.count, $0 + Self.offsetsInEntry)])
            }
        }
        var entries: [JournalEntry] = []
        for group in offsets.groups {
            let commits = offsets.entries(group: group).map {
                OffsetStore.Commit(
                    topic: $0.place.topic, partition: $0.place.partition, entry: $0.entry)
            }
            entries += slices(commits).map { .offsets(group: group, commits: $0) }
        }
        for staged in offsets.staged {
            entries += slices(staged.commits).map {
                .offsetsStaged(group: staged.group, producerID: staged.producerID, commits: $0)
            }
        }
        return entries
    }
}
