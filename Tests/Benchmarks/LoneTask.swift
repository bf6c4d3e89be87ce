import Dataflow
import Records
import Runtime
import Sources
import State

/// The only task of a graph with one stage, into which records are pushed, without a client or a clock.
struct LoneTask {
    private let chain: TaskChain

    init(_ pipeline: String, _ builder: GraphBuilder) throws {
        let plan = try Plan(try builder.graph())
        let context = TaskContext(
            pipeline: pipeline, partition: 0, stageTasks: 1, incarnation: 1,
            partitionCount: { _ in 1 })
        chain = try builder.makeChain(stage: plan.stages[0], plan: plan, context: context)
    }

    /// Takes some records.
    func take<Record>(_ push: PushSource<Record>.Push) {
        for input in chain.inputs { _ = input.push(push) }
    }

    /// Bytes of a checkpoint of everything.
    ///
    /// - Throws: what has gone wrong in the task.
    func checkpointBytes() throws -> Double {
        if let failure = chain.context.failure { throw failure }
        return Double(chain.snapshot(.everything).bytes.bytes.count)
    }
}
