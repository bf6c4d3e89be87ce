internal import Dataflow
internal import Records
internal import State

/// How much the operators of a task keep, and whether that is more than it may be.
extension StageTask {
    /// Looks at how much the operators keep, once enough was read since the last look.
    ///
    /// Their keys are counted, each of which is taken to weigh as much as those of the last commits.
    func glance(_ options: WorkerOptions) {
        guard hasState, !mayBeTooLarge, obstacle == nil,
            recordsSinceCommit - glancedAt.records >= options.recordsPerGlance
                || bytesSinceCommit - glancedAt.bytes >= options.bytesPerGlance
        else { return }
        glancedAt = (recordsSinceCommit, bytesSinceCommit)
        weight.note(chain.keyCounts())
        share.set(weight.bytes, estimated: weight.estimatedBytes)
        chain.context.room = max(weight.room(options), share.room)
        mayBeTooLarge =
            !weight.isKnown || (weight.excess(of: id, options) ?? share.excess(of: id)) != nil
    }

    /// Notes what the state weighs: when that is too much, what was read is committed and no more is read.
    func weigh(_ snapshot: SnapshotWriter, now: EventTime, _ options: WorkerOptions) {
        weight.note(snapshot)
        mayBeTooLarge = false
        share.set(weight.bytes, estimated: weight.estimatedBytes)
        chain.context.room = max(weight.room(options), share.room)
        obstacle = weight.excess(of: id, options) ?? share.excess(of: id)
        obstacle?.partition = topics.first
        obstacleSince = obstacle == nil ? nil : obstacleSince ?? now
        if snapshot.isTooLarge {
            chain.context.fail(
                DataflowError(
                    .limitExceeded, domain: .user,
                    "an operator of \(id) has written more than \(UInt32.max) bytes of state at once",
                    partition: topics.first))
        }
    }
}
