import Dataflow
import Runtime
import SimulationWorkload
import Sinks
import Sources
import Testing

/// A worker whose commands nobody carries out, for the suites that look at these.
enum SingleWorker {
    /// Makes a worker of a door, which writes what is pushed to a topic.
    static func makeDoor(_ options: WorkerOptions) throws -> StageWorker {
        try make("door", options) { graph in
            let http = graph.source("http", from: PushSource<Event>())
            http.rejected.sink("rejects", to: DeadLetters())
            http.accepted.sink("events", to: KafkaSink("events"))
        }
    }

    /// Makes a worker of a pipeline's first stage, which has one task.
    static func make(
        _ pipeline: String, _ options: WorkerOptions = WorkerOptions(),
        define: (GraphBuilder) -> Void
    ) throws -> StageWorker {
        let builder = GraphBuilder(pipeline: pipeline)
        define(builder)
        let plan = try Plan(try builder.graph())
        let stage = try #require(plan.stages.first)
        return StageWorker(stage: stage, run: "r", options: options, seed: 1) {
            partition, incarnation in
            try builder.makeChain(
                stage: stage, plan: plan,
                context: TaskContext(
                    pipeline: pipeline, partition: partition, stageTasks: 1,
                    incarnation: incarnation, partitionCount: { _ in 1 }))
        }
    }
}
