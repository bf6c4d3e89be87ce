internal import Dataflow
internal import Dispatch
internal import KafkaClient
internal import Records

/// Deletes what the stages of a run have read of the topics between them, which have no retention of their own.
final class ExchangeTrimmer: Sendable {
    /// Seconds between two rounds.
    static let intervalSeconds = 60

    private let rounds: Task<Void, Never>

    /// Starts the rounds; a round that fails is made good by the next.
    init(_ plan: Plan, run: String, _ kafka: KafkaConfiguration) {
        rounds = Task {
            while (try? await Task.sleep(for: .seconds(ExchangeTrimmer.intervalSeconds))) != nil {
                // Off the pool of tasks, whose threads must not wait for a cluster.
                DispatchQueue.global().async {
                    try? ExchangeTrimmer.trim(plan, run: run, kafka)
                }
            }
        }
    }

    deinit { rounds.cancel() }

    /// One round.
    static func trim(_ plan: Plan, run: String, _ kafka: KafkaConfiguration) throws {
        let admin = try KafkaAdmin(kafka)
        defer { admin.close() }
        for stage in plan.stages {
            let own = stage.inputs.filter { $0.kind == .exchange || $0.kind == .handoff }
            guard !own.isEmpty else { continue }
            _ = try admin.deleteRead(of: Set(own.map(\.topic)), by: "\(run).\(stage.name)")
        }
    }
}
