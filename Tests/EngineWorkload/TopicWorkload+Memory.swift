internal import Dataflow
internal import Records

extension TopicWorkload {
    /// Runs all stages one after the other over batches that lie in memory: the record path of a topic
    /// without a client, a commit or a clock.
    ///
    /// - Returns: how many records the windows have published.
    package static func run(_ records: Int, shuffled: Bool) throws -> UInt64 {
        let total = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
        total.initialize(to: 0)
        defer { total.deallocate() }
        let graph = GraphBuilder(pipeline: "bench")
        define(graph, topic: "readings", shuffled: shuffled, total: total)
        let plan = try Plan(try graph.graph(), options: PlanOptions(partitions: 1))
        var output = encode(0..<records)
        for stage in plan.stages {
            let context = TaskContext(
                pipeline: "bench", partition: 0, stageTasks: 1, incarnation: 1,
                partitionCount: { _ in 1 })
            let chain = try graph.makeChain(stage: stage, plan: plan, context: context)
            for (index, input) in chain.inputs.enumerated() {
                let topic = TopicPartition(topic: stage.topics[index], partition: 0)
                feed(output, topic, to: input)
            }
            for input in chain.inputs { input.end() }
            chain.flush()
            output = context.outputs
        }
        return total.pointee
    }

    /// Hands a partition's records over in batches, as a reader does.
    private static func feed(
        _ output: OutputBatch, _ partition: TopicPartition, to input: StageInput
    ) {
        output.bytes.withUnsafeBytes { bytes in
            func slice(_ range: Range<Int>?) -> UnsafeRawBufferPointer? {
                range.map { UnsafeRawBufferPointer(rebasing: bytes[$0]) }
            }
            var views: [RecordView] = []
            for (offset, entry) in output.entries.enumerated() {
                views.append(
                    RecordView(
                        offset: Offset(Int64(offset)), timestamp: entry.timestamp,
                        key: slice(entry.key), value: slice(entry.value)))
            }
            views.withUnsafeBufferPointer { all in
                var start = 0
                while start < all.count {
                    let end = min(all.count, start + EngineWorkload.batchSize)
                    input.receive(
                        RecordBatch(
                            partition: partition,
                            records: UnsafeBufferPointer(rebasing: all[start..<end])))
                    start = end
                }
            }
        }
    }
}
