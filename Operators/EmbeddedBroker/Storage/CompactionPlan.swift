internal import BrokerModel

/// Which segments of a partition a pass of compaction may go through, and whether it should.
struct CompactionPlan {
    /// Closed segments that hold decided, durable records only, each with the first offset behind it.
    private(set) var segments: [(segment: Segment, end: Int64)] = []
    /// Everything below was gone through by earlier passes.
    let firstDirty: Int64
    /// Whether enough has come since, or has waited for long enough.
    let isDue: Bool

    init(store: PartitionStore, config: TopicConfig, cleanedUpTo: Int64, now: Int64) {
        firstDirty = cleanedUpTo
        let all = store.segments
        let limit = min(store.log.lastStableOffset, store.recoveryPoint)
        var total: Int64 = 0
        var dirty: Int64 = 0
        var isOverdue = false
        for (number, segment) in all.enumerated().dropLast() {
            let end = all[number + 1].baseOffset
            guard end <= limit else { break }
            // What was deleted lies there until the journal is durable.
            if end <= store.log.startOffset { continue }
            let isYoung = now - segment.index.greatestTimestamp < config.minimumCompactionLag
            if config.minimumCompactionLag > 0, isYoung { break }
            segments.append((segment, end))
            total += segment.size
            guard end > cleanedUpTo else { continue }
            dirty += segment.size
            let first = segment.index.firstTimestamp
            let age = now.subtractingReportingOverflow(first)
            if first >= 0, age.overflow || age.partialValue > config.maximumCompactionLag {
                isOverdue = true
            }
        }
        let ratio = Double(config.value("min.cleanable.dirty.ratio")) ?? 0.5
        isDue = dirty > 0 && (isOverdue || Double(dirty) >= ratio * Double(total))
    }
}
