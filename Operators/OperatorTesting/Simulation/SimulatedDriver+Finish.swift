internal import Dataflow
internal import Records
internal import Runtime
internal import State

extension SimulatedDriver {
    /// Tells all workers, those too that start later, that the inputs hold a recording which has ended.
    ///
    /// Event time passes its newest record by what is needed to decide on it, and the run goes on. Before that all
    /// that is there is processed.
    public func endRecording() throws {
        try settle()
        let newest = lanes.flatMap(\.worker.progress).compactMap(\.newestTime).max() ?? .min
        recordingEnd = newest
        for lane in lanes { lane.step(.recordingEnded(newest)) }
        try settle()
    }

    /// Ends the run: stage by stage the inputs end where they end, every window closes, everything is
    /// committed and the workers stop.
    ///
    /// - Throws: what stopped a worker; `.invariant`, with the seed, when the run comes to no end.
    public func finish() throws {
        for stage in plan.stages { try finish(stage) }
        for lane in lanes { lane.kill() }
        lanes = []
        // What dead producers have left open hides what was committed behind it, until it is timed out.
        while plan.topics.contains(where: { log.hasOpenTransaction(in: $0.name) }) {
            clock.advance(byMilliseconds: 500)
            log.expireTransactions()
        }
    }

    private func finish(_ stage: Stage) throws {
        // What dead producers have left open ends by its time-out: nothing comes before it is seen.
        while stage.topics.contains(where: log.hasOpenTransaction) {
            if !(try step()) { clock.advance(byMilliseconds: 500) }
        }
        var ends: [TopicPartition: Offset] = [:]
        for topic in stage.topics {
            for number in 0..<(try log.partitionCount(of: topic)) {
                let partition = TopicPartition(topic: topic, partition: number)
                ends[partition] = log.end(of: partition)
            }
        }
        endedInputs = []
        while true {
            let isAtEnd = endedInputs.isSuperset(of: ends.keys)
            let present = lanes.filter { $0.worker.stage.name == stage.name }
            // Who sleeps wakes up first, and does what it was about to do.
            if isAtEnd, !present.contains(where: \.isDrowsy) { break }
            tellEnds(ends, stage)
            if !isAtEnd, present.isEmpty { try startWorker(stage) }
            if !(try step()) { clock.advance(byMilliseconds: 50) }
        }
        endedStages.insert(stage.name)
        for lane in lanes where lane.worker.stage.name == stage.name { lane.kill() }
        lanes.removeAll { $0.worker.stage.name == stage.name }
    }

    /// Tells the workers of a stage where the inputs end that they have.
    private func tellEnds(_ ends: [TopicPartition: Offset], _ stage: Stage) {
        for lane in lanes where lane.mayHaveNewInputs && lane.worker.stage.name == stage.name {
            if lane.isLeaving { continue }
            lane.mayHaveNewInputs = false
            var news: [TopicPartition: Offset] = [:]
            for input in lane.worker.progress where !lane.endedInputs.contains(input.partition) {
                news[input.partition] = ends[input.partition]
            }
            guard !news.isEmpty else { continue }
            lane.endedInputs.formUnion(news.keys)
            lane.step(.finish(news))
        }
    }
}
