internal import BrokerModel
internal import Records

// The broker's own state: what the journal brings back, and what the coordinators want done.

extension BrokerEngine {
    private var topicsDirectory: String { configuration.dataDirectory + "/topics" }

    /// Opens the data directory.
    func recover(now: Int64) throws(FileError) {
        try files.createDirectory(topicsDirectory)
        var counts: [String: Int32] = [:]
        var starts: [OffsetStore.Place: Int64] = [:]
        journal = try Journal(configuration.dataDirectory + "/journal", files: files) { entry in
            self.replay(entry, counts: &counts, starts: &starts, now: now)
        }
        if clusterID.isEmpty {
            clusterID = newID()
            try journal?.append(.cluster(id: clusterID))
        }
        try removeStrayDirectories(counts)
        for topic in topics.values.sorted(by: { $0.name < $1.name }) {
            for index in 0..<(counts[topic.name] ?? 0) {
                let place = OffsetStore.Place(topic: topic.name, partition: index)
                try openPartition(topic, index, startOffset: starts[place] ?? 0, now: now)
            }
        }
        try journal?.file.sync()
        try files.syncDirectory(configuration.dataDirectory)
        journalSynced = journal?.written ?? 0
        reservedProducerIDs = transactions.nextProducerID
        transactions.resume()
        abortForgottenTransactions(now: now)
        drainEffects(now: now)
        rewriteJournalIfLarge()
    }

    private func replay(
        _ entry: JournalEntry, counts: inout [String: Int32],
        starts: inout [OffsetStore.Place: Int64], now: Int64
    ) {
        switch entry {
        case .cluster(let id): clusterID = id
        case .topicCreated(let name, let id, let partitions, let configs):
            let config = TopicConfig(overrides: configs, defaultFlush: configuration.flush)
            let topic = Topic(name: name, id: id, config: config)
            topics[name] = topic
            topicsByID[id] = topic
            counts[name] = partitions
        case .topicDeleted(let name):
            if let topic = topics.removeValue(forKey: name) { topicsByID[topic.id] = nil }
            counts[name] = nil
            starts = starts.filter { $0.key.topic != name }
            offsets.remove(topic: name)
            transactions.forget(topic: name)
        case .partitionsAdded(let name, let count): counts[name] = count
        case .configsSet(let name, let configs):
            topics[name]?.config = TopicConfig(
                overrides: configs, defaultFlush: configuration.flush)
        case .recordsDeleted(let topic, let partition, let offset):
            starts[OffsetStore.Place(topic: topic, partition: partition)] = offset
        case .offsets(let group, let commits):
            groups.ensureGroup(group)
            offsets.commit(commits, group: group)
        case .offsetDeleted(let group, let topic, let partition):
            _ = offsets.remove(
                group: group, OffsetStore.Place(topic: topic, partition: partition))
        case .offsetsStaged(let group, let producerID, let commits):
            groups.ensureGroup(group)
            offsets.stage(commits, group: group, producerID: producerID)
        case .offsetsResolved(let group, let producerID, let commit):
            offsets.resolve(group: group, producerID: producerID, commit: commit)
        case .group(let bytes):
            if let group = try? ConsumerGroup(decoding: bytes) { groups.restore(group, now: now) }
        case .groupDeleted(let id):
            groups.restoreForgotten(id)
            offsets.remove(group: id)
        case .transaction(let transaction): transactions.restore(transaction)
        case .producerIDs(let next): transactions.restore(nextProducerID: next)
        }
    }

    private func removeStrayDirectories(_ counts: [String: Int32]) throws(FileError) {
        for name in try files.names(in: topicsDirectory) {
            guard let dash = name.lastIndex(of: "-"),
                let index = Int32(name[name.index(after: dash)...]),
                index < counts[String(name[..<dash])] ?? 0
            else {
                try files.removeDirectory(topicsDirectory + "/" + name)
                continue
            }
        }
    }

    /// Opens or makes a partition's folder.
    func openPartition(
        _ topic: Topic, _ index: Int32, startOffset: Int64 = 0, now: Int64
    ) throws(FileError) {
        let store = PartitionStore(
            directory: "\(topicsDirectory)/\(topic.name)-\(index)", files: files,
            isDurable: topic.config.flush == .ack)
        try store.open(startOffset: startOffset, now: now)
        if store.isDurable { try files.syncDirectory(topicsDirectory) }
        if store.truncatedBytes > 0 {
            log("\(topic.name)-\(index): cut off \(store.truncatedBytes) damaged bytes")
        }
        topic.partitions.append(Partition(topic: topic, index: index, store: store))
    }

    /// Under a policy that promises nothing, a power cut may keep records of a transaction and lose
    /// that it was ever begun; such a transaction is aborted, or it would stay open for ever.
    private func abortForgottenTransactions(now: Int64) {
        for topic in topics.values.sorted(by: { $0.name < $1.name }) {
            for partition in topic.partitions {
                for open in partition.store.log.openTransactions {
                    let known = transactions.transactions.values.first {
                        $0.producerID == open.producerID
                    }
                    let isLive =
                        known.map {
                            $0.partitions.contains(partition.place)
                                && ($0.state == .ongoing || $0.state == .prepareCommit
                                    || $0.state == .prepareAbort)
                        } ?? false
                    guard !isLive else { continue }
                    log("\(partition.name): aborting a transaction that nobody remembers")
                    // Where the disk does not take it, the next start tries again.
                    _ = writeMarker(
                        partition, producerID: open.producerID, epoch: open.epoch, commit: false,
                        now: now)
                }
            }
        }
    }

    /// 22 characters, as Kafka's ids have.
    func newID() -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
        return String((0..<22).map { _ in letters[Int(generator.next() >> 58)] })
    }

    // MARK: The journal

    /// Appends an entry; false when the disk does not take it.
    @discardableResult
    func keep(_ entry: JournalEntry) -> Bool {
        guard let journal else { return false }
        do throws(FileError) {
            try journal.append(entry)
            return true
        } catch {
            log("journal: \(error)")
            return false
        }
    }

    /// Replaces the journal by the present state once it is mostly history.
    func rewriteJournalIfLarge() {
        guard let journal, journal.wantsRewriting, !isSyncing else { return }
        do throws(FileError) {
            try journal.rewrite(entriesOfState())
            journalSynced = journal.written
            // The new file holds all that anybody waits for.
            let ready = journalWaiters
            journalWaiters = []
            for waiter in ready { waiter.action() }
        } catch {
            log("journal: \(error)")
        }
    }

    /// The entries that give the present state.
    func entriesOfState() -> [JournalEntry] {
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
        for group in offsets.groups {
            let commits = offsets.entries(group: group).map {
                OffsetStore.Commit(
                    topic: $0.place.topic, partition: $0.place.partition, entry: $0.entry)
            }
            entries.append(.offsets(group: group, commits: commits))
        }
        for staged in offsets.staged {
            entries.append(
                .offsetsStaged(
                    group: staged.group, producerID: staged.producerID, commits: staged.commits))
        }
        for transaction in transactions.transactions.values.sorted(by: { $0.id < $1.id }) {
            entries.append(.transaction(transaction))
        }
        entries.append(
            .producerIDs(next: max(reservedProducerIDs, transactions.nextProducerID)))
        return entries
    }

    // MARK: Effects of the coordinators

    /// Carries out what the coordinators want.
    func drainEffects(now: Int64) {
        for effect in groups.takeEffects() {
            switch effect {
            case .reply(let token, let answer):
                guard let context = waiting.removeValue(forKey: token) else { continue }
                switch answer {
                case .join(let response): reply(response, to: context)
                case .sync(let response):
                    whenJournalDurable { [weak self] in self?.reply(response, to: context) }
                }
            case .keep(let group): keep(.group(group.encoded))
            case .forget(let id):
                keep(.groupDeleted(id))
                offsets.remove(group: id)
            }
        }
        drainTransactionEffects(now: now)
        rewriteJournalIfLarge()
    }

    /// Stops: syncs everything and writes what makes the next start quick.
    package func close() throws(FileError) {
        for topic in topics.values {
            for partition in topic.partitions where !partition.isFailed {
                try partition.store.close()
            }
        }
        try journal?.file.sync()
    }
}
