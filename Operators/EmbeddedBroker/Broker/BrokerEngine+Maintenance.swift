internal import BrokerModel

// Retention by time and size, compaction, and what else is done from time to time.

extension BrokerEngine {
    /// Looks after everything: drops what retention lets go, compacts, forgets idle producers,
    /// transactional ids and what idle groups had committed.
    package func maintain(now: Int64) {
        clock = now
        for topic in topics.values.sorted(by: { $0.name < $1.name }) {
            for partition in topic.partitions where !partition.isFailed {
                if topic.config.isDeleted { retain(partition, now: now) }
                partition.store.log.expireProducers(before: now - configuration.producerExpiration)
            }
        }
        expireOffsets(now: now)
        expireTransactions(now: now)
        endHeldTransactions(now: now)
        compactNext(after: nil, now: now)
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
            // What is deleted already lies there until the journal is durable.
            if next != nil, end <= store.log.startOffset {
                size -= segment.size
                continue
            }
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
        // What the disk does not take is tried again the next time.
        _ = raiseStart(of: partition, to: start)
    }
}
