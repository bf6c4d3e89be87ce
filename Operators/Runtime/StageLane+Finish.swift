internal import Records

extension StageLane {
    /// How long a lane that the group has given nothing waits for its first partitions before it takes its
    /// share for empty, in real milliseconds: a group's first rebalance takes seconds.
    static let assignmentGraceMilliseconds: Int64 = 30_000

    /// Lets the inputs end where they end now; an input that comes later ends where it ends then.
    public func finishAtPresentEnds() {
        guard knownEnds == nil else { return }
        knownEnds = [:]
        finishAskedAt = clock.now()
        finishNewInputs()
    }

    /// Tells the worker the ends of inputs that it didn't have before.
    func finishNewInputs() {
        guard let known = knownEnds, !isStopped else { return }
        var ends: [TopicPartition: Offset] = [:]
        for input in worker.progress where known[input.partition] == nil {
            // Without knowing where an input ends, it is not ended; the next turn asks again.
            guard let bounds = try? services.reader?.bounds(of: input.partition) else { return }
            ends[input.partition] = bounds.end
        }
        if !ends.isEmpty {
            knownEnds = known.merging(ends) { $1 }
            return handle(.finish(ends))
        }
        let waited = clock.realMilliseconds(for: clock.now().millisecondsSince(finishAskedAt))
        if worker.progress.isEmpty, wasAssigned || waited >= Self.assignmentGraceMilliseconds {
            handle(.finish([:]))
        }
    }
}
