internal import Dataflow
internal import Records
internal import Runtime

extension SimulatedDriver {
    /// Hands a push to a worker of a stage that reads no topic.
    func push(_ values: Any, to stage: String) throws {
        let lane = lanes.first { $0.worker.stage.name == stage && $0.worker.stage.isPushed }
        guard let lane else {
            throw DataflowError(
                .invalidDefinition, domain: .user, "no stage \(stage) takes what is pushed")
        }
        // Nobody waits for the answer, so no two pushes need be told apart.
        lane.step(.pushed(ticket: 1, values: values))
    }
}
