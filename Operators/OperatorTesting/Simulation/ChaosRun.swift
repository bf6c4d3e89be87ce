public import Dataflow
internal import Records
public import Runtime
internal import State

/// Runs a pipeline over the same input twice, calmly and under the faults of a seed: what it publishes must be
/// the same.
///
/// That holds for pipelines whose outputs are functions of their inputs: nothing comes too late, nothing is
/// published by the clock, and an operator behind a shuffle does not depend on the order among several
/// upstream tasks.
public struct ChaosRun {
    /// A record and the topic that it goes into.
    public typealias Input = (topic: String, record: SimulatedLog.Record)

    private let pipeline: String
    private let inputs: [Input]
    private let partitions: Int32
    private let define: (GraphBuilder) -> Void

    /// Describes a run.
    ///
    /// - Parameters:
    ///   - inputs: what goes in, in the order of its coming.
    ///   - partitions: how many partitions the pipeline's topics have.
    public init(
        pipeline: String, inputs: [Input], partitions: Int32 = 2,
        define: @escaping (GraphBuilder) -> Void
    ) {
        self.pipeline = pipeline
        self.inputs = inputs
        self.partitions = partitions
        self.define = define
    }

    /// What one seed came to.
    public struct Report: Sendable {
        /// What differs from the calm run, or stopped the pipeline; no payloads.
        public var problems: [String] = []
        /// How often workers were killed at each place of the commit protocol.
        public var crashes: [CrashPoint: Int] = [:]
        /// How many published records and rows were compared.
        public var recordsChecked = 0
    }

    /// Plays a seed under exactly-once.
    ///
    /// - Throws: what stops even the calm run.
    public func play(seed: UInt64, faults: Int = 2) throws -> Report {
        var calm = SimulationOptions()
        calm.worker.isBounded = true
        let oracle = try run(calm, seed: seed)
        var report = Report()
        let options = SimulationOptions.shuffled(seed: seed, faults: faults)
        do {
            let outcome = try run(options, seed: seed)
            compare(outcome, oracle, &report)
        } catch let error as DataflowError {
            report.problems = ["\(error)"]
        }
        report.crashes = options.faults?.crashes ?? [:]
        return report
    }

    private func run(_ given: SimulationOptions, seed: UInt64) throws -> PipelineHarness {
        var options = given
        options.partitions = partitions
        let harness = try PipelineHarness(pipeline, options, define: define)
        var random = SeededGenerator(seed: seed)
        for (number, input) in inputs.enumerated() {
            let count = try harness.driver.log.partitionCount(of: input.topic)
            let partition =
                input.record.key.map { key in
                    key.withUnsafeBytes { Murmur2.partition($0, of: count) }
                } ?? Int32(number % Int(count))
            try harness.send(input.record, to: input.topic, partition: partition)
            if random.next() % 12 == 0 {
                try harness.advance(by: .milliseconds(Int64(random.next() % 600)))
            }
        }
        try harness.finish()
        return harness
    }

    // MARK: Comparing

    private func compare(
        _ outcome: PipelineHarness, _ oracle: PipelineHarness, _ report: inout Report
    ) {
        for node in outcome.driver.plan.graph.nodes {
            switch node.kind {
            case .topicSink(let topic):
                let got = sequences(outcome.driver.log, topic)
                let wanted = sequences(oracle.driver.log, topic)
                report.recordsChecked += got.values.reduce(0) { $0 + $1.count }
                let differing = Set(got.keys).union(wanted.keys).count { got[$0] != wanted[$0] }
                if differing > 0 {
                    report.problems.append(
                        "topic \(topic): \(differing) keys are not as they should be")
                }
            case .tableSink(let table):
                let (got, wanted) = (outcome.rows(of: table), oracle.rows(of: table))
                report.recordsChecked += got.count
                if got != wanted {
                    report.problems.append(
                        "table \(table): \(got.count) rows are not the \(wanted.count) they should be"
                    )
                }
            default: break
            }
        }
    }

    /// The records of each key, in their order; of those without a key, sorted.
    private func sequences(
        _ log: SimulatedLog, _ topic: String
    ) -> [[UInt8]?: [[UInt8]]] {
        var sequences: [[UInt8]?: [[UInt8]]] = [:]
        for record in log.records(of: topic) {
            sequences[record.key, default: []].append(record.value.map { [1] + $0 } ?? [0])
        }
        sequences[nil]?.sort { $0.lexicographicallyPrecedes($1) }
        return sequences
    }
}
