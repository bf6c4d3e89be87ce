internal import BrokerModel
internal import Records

// The broker's own state: what the journal brings back, and what the coordinators want done.

extension BrokerEngine {
    var topicsDirectory: String { configuration.dataDirectory + "/topics" }

    /// What the journal says of partitions while it is read back.
    private struct Replay {
        var counts: [String: Int32] = [:]
        var starts: [OffsetStore.Place: Int64] = [:]
        /// Topics that were deleted and not made again.
        var deleted: Set<String> = []
    }

    /// Opens the data directory.
    func recover(now: Int64) throws(FileError) {
        try files.createDirectory(topicsDirectory, durable: true)
        try files.removeDirectory(compactionDirectory)
        var replay = Replay()
        let journal = try Journal(
            configuration.dataDirectory + "/journal", files: files
        ) { entry in
            self.replay(entry, into: &replay, now: now)
        }
        self.journal = journal
        if journal.tornBytes > 0 {
            log("journal: cut off a torn tail of \(journal.tornBytes) bytes")
        }
        if clusterID.isEmpty {
            clusterID = newID()
            try journal.append(.cluster(id: clusterID))
        }
        // Files go only when what says so is durable.
        try journal.sync()
        try files.syncDirectory(configuration.dataDirectory)
        try clearStrayDirectories(replay)
        for topic in topics.values.sorted(by: { $0.name < $1.name }) {
            for index in 0..<(replay.counts[topic.name] ?? 0) {
                let place = OffsetStore.Place(topic: topic.name, partition: index)
                try openPartition(topic, index, startOffset: replay.starts[place] ?? 0, now: now)
            }
        }
        try files.syncDirectory(topicsDirectory)
        reservedProducerIDs = transactions.nextProducerID
        transactions.resume()
        abortForgottenTransactions(now: now)
        drainEffects(now: now)
        rewriteJournalIfLarge()
    }

    private func replay(_ entry: JournalEntry, into replay: inout Replay, now: Int64) {
        switch entry {
        case .cluster(let id): clusterID = id
        case .topicCreated(let name, let id, let partitions, let configs):
            let config = TopicConfig(overrides: configs, defaultFlush: configuration.flush)
            let topic = Topic(name: name, id: id, config: config)
            topics[name] = topic
            topicsByID[id] = topic
            replay.counts[name] = partitions
            replay.deleted.remove(name)
        case .topicDeleted(let name):
            if let topic = topics.removeValue(forKey: name) { topicsByID[topic.id] = nil }
            replay.counts[name] = nil
            replay.starts = replay.starts.filter { $0.key.topic != name }
            replay.deleted.insert(name)
            offsets.remove(topic: name)
            transactions.forget(topic: name)
        case .partitionsAdded(let name, let count): replay.counts[name] = count
        case .configsSet(let name, let configs):
            topics[name]?.config = TopicConfig(
                overrides: configs, defaultFlush: configuration.flush)
        case .recordsDeleted(let topic, let partition, let offset):
            replay.starts[OffsetStore.Place(topic: topic, partition: partition)] = offset
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
            groups.delete(id)
            offsets.remove(group: id)
        case .transaction(let transaction): transactions.restore(transaction)
        case .transactionDeleted(let id): transactions.forget(id: id)
        case .producerIDs(let next): transactions.restore(nextProducerID: next)
        }
    }

    /// Looks after folders that belong to no topic: what is left of a deleted topic or holds no
    /// record is removed, anything else is set aside for somebody to look at.
    private func clearStrayDirectories(_ replay: Replay) throws(FileError) {
        for name in try files.names(in: topicsDirectory) {
            let path = topicsDirectory + "/" + name
            var topic: String?
            if let dash = name.lastIndex(of: "-"),
                let index = Int32(name[name.index(after: dash)...])
            {
                topic = String(name[..<dash])
                if index >= 0, index < replay.counts[topic ?? ""] ?? 0 { continue }
            }
            let isDeleted = topic.map(replay.deleted.contains) ?? false
            if isDeleted || topic != nil && holdsNoRecords(path) {
                try files.removeDirectory(path)
                let reason = isDeleted ? "was deleted" : "was never finished"
                log("\(name): removed what is left of a topic that \(reason)")
            } else {
                try setAside(path, name: name)
            }
        }
    }

    private func setAside(_ path: String, name: String) throws(FileError) {
        let aside = configuration.dataDirectory + "/set-aside"
        try files.createDirectory(aside, durable: true)
        let taken = try files.names(in: aside)
        var number = 1
        while taken.contains("\(name).\(number)") { number += 1 }
        try files.rename(path, to: "\(aside)/\(name).\(number)")
        try files.syncDirectory(aside)
        log("\(name): belongs to no topic; set aside as set-aside/\(name).\(number)")
    }

    private func holdsNoRecords(_ directory: String) -> Bool {
        do throws(FileError) {
            for name in try files.names(in: directory) where name.hasSuffix(".log") {
                if try files.open(directory + "/" + name).size > 0 { return false }
            }
            return true
        } catch {
            return false
        }
    }

    func directory(of topic: String, _ index: Int32) -> String {
        "\(topicsDirectory)/\(topic)-\(index)"
    }

    /// Opens or makes a partition's folder.
    func openPartition(
        _ topic: Topic, _ index: Int32, startOffset: Int64 = 0, now: Int64
    ) throws(FileError) {
        let store = PartitionStore(
            directory: directory(of: topic.name, index), files: files,
            isDurable: topic.config.flush == .ack)
        try store.open(startOffset: startOffset, now: now)
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
                    replyWhenKept(response, to: context)
                }
            case .keep(let group):
                // Without it the members have to join again after a restart, and nothing else.
                keep(.group(group.encoded))
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
        guard let journal, !journal.isFailed else { return }
        // What stands in front of this entry is durable, and by it the next start knows.
        try journal.sync()
        try journal.append(.cluster(id: clusterID))
        try journal.sync()
    }
}
