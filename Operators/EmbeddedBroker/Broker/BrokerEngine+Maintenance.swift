internal import BrokerModel

// Retention by time and size, compaction, and what else is done from time to time.

extension BrokerEngine {
    /// Looks after everything: drops what retention lets go, compacts, forgets idle producers and
    /// what idle groups had committed.
    package func maintain(now: Int64) {
        for topic in topics.values.sorted(by: { $0.name < $1.name }) {
            for partition in topic.partitions where !partition.isFailed {
                if topic.config.isDeleted { retain(partition, now: now) }
                if topic.config.isCompacted { compact(partition, now: now) }
                partition.store.log.expireProducers(before: now - configuration.producerExpiration)
            }
        }
        expireOffsets(now: now)
        endHeldTransactions(now: now)
    }

    private func compact(_ partition: Partition, now: Int64) {
        let store = partition.store
        guard
            Compaction.isDue(
                store, config: partition.topic.config, cleanedUpTo: partition.cleanedUpTo)
        else { return }
        var compaction = Compaction(store: store, config: partition.topic.config, now: now)
        do throws(FileError) {
            let result = try compaction.run()
            partition.cleanedUpTo = result.cleanedUpTo
            log("\(partition.name): compacted \(result.bytesBefore) to \(result.bytesAfter) bytes")
        } catch {
            log("\(partition.name): compaction: \(error)")
        }
    }

    private func retain(_ partition: Partition, now: Int64) {
        let store = partition.store
        let config = partition.topic.config
        // Nothing that a reader has not been shown yet, and no open transaction.
        let limit = store.log.lastStableOffset
        var start = store.log.startOffset
        var size = store.size
        for (number, segment) in store.segments.enumerated() {
            let next = number + 1 < store.segments.count ? store.segments[number + 1] : nil
            let end = next?.baseOffset ?? store.log.endOffset
            guard segment.size > 0, end <= limit else { break }
            let age = now - segment.index.greatestTimestamp
            let isOld =
                config.retentionMilliseconds >= 0 && segment.index.greatestTimestamp >= 0
                && age > config.retentionMilliseconds
            let isTooMuch =
                config.retentionBytes >= 0 && next != nil
                && size - segment.size >= config.retentionBytes
            guard isOld || isTooMuch else { break }
            start = end
            size -= segment.size
        }
        guard start > store.log.startOffset else { return }
        do throws(FileError) {
            if start == store.log.endOffset { try store.roll() }
        } catch {
            return log("\(partition.name): \(error)")
        }
        raiseStart(of: partition, to: start)
    }
}
