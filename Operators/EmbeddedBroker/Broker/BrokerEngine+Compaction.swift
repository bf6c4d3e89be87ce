internal import BrokerModel

// Compaction: one pass at a time, on a thread of its own.

extension BrokerEngine {
    /// Where compacted segments are written before they take their places.
    var compactionDirectory: String { configuration.dataDirectory + "/compaction" }

    /// Begins a pass over the next partition that is due, by name behind the given one.
    func compactNext(after last: Partition?, now: Int64) {
        guard compacting == nil else { return }
        for topic in topics.values.sorted(by: { $0.name < $1.name }) where topic.config.isCompacted
        {
            for partition in topic.partitions where !partition.isFailed {
                if let last, partition.place <= last.place { continue }
                guard let job = compaction(of: partition, now: now) else { continue }
                compacting = (partition, topic)
                driver?.compactionWanted(job)
                return
            }
        }
    }

    private func compaction(of partition: Partition, now: Int64) -> CompactionJob? {
        let store = partition.store
        let config = partition.topic.config
        // What is cleaned must be whole, and known to be so, or recovery could take its gaps for
        // losses.
        if let active = store.active, active.baseOffset > store.recoveryPoint {
            wantSync(partition)
        }
        let plan = CompactionPlan(
            store: store, config: config, cleanedUpTo: store.compaction.cleanedUpTo, now: now)
        guard plan.isDue else { return nil }
        return CompactionJob(
            plan: plan, store: store, config: config, directory: compactionDirectory,
            maximumKeys: configuration.compactionKeys, now: now)
    }

    /// A pass has ended: its segments take the places of those that they were made from.
    package func finishCompaction(_ job: CompactionJob, now: Int64) {
        clock = now
        guard let (partition, topic) = compacting else { return }
        compacting = nil
        defer { withExtendedLifetime(topic) {} }
        if let error = job.error {
            log("\(partition.name): compaction: \(error)")
        } else if !partition.isDeleted {
            do throws(FileError) {
                try partition.store.install(job)
                log("\(partition.name): compacted \(job.bytesBefore) to \(job.bytesAfter) bytes")
            } catch {
                log("\(partition.name): compaction: \(error)")
            }
        }
        for cleaned in job.cleaned { try? files.remove(cleaned.path) }
        compactNext(after: partition, now: now)
    }
}
