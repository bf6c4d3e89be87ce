internal import Dataflow
internal import KafkaClient
internal import Records

/// Deletes what the stages of a run have read of the topics between them, which have no retention of their own.
final class ExchangeTrimmer: Sendable {
    /// Seconds between two rounds.
    static let intervalSeconds = 60.0

    private let rounds: Rounds

    /// Starts the rounds; a round that fails is told of, and made good by the next.
    init(_ plan: Plan, run: String, _ services: ServiceEnvironment, _ troubles: TroubleLog) {
        rounds = Rounds("\(run)-trimmer", everySeconds: ExchangeTrimmer.intervalSeconds) {
            var report: LagReport?
            while $0.next() {
                do {
                    let present = try report ?? LagReport(services)
                    report = present
                    try ExchangeTrimmer.trim(plan, run: run, present)
                } catch {
                    troubles.note(run, "delete what was read", any: error)
                    report?.close()
                    report = nil
                }
            }
            report?.close()
        }
    }

    /// Ends the rounds behind the one that is under way.
    func stop() { rounds.stop() }

    /// Deletes what each stage has accounted for by now, by its authority's word.
    static func trim(_ plan: Plan, run: String, _ report: LagReport) throws {
        for stage in plan.stages {
            let own = stage.inputs.filter { $0.kind == .exchange || $0.kind == .handoff }
            guard !own.isEmpty else { continue }
            let topics = Set(own.map(\.topic))
            let read = try report.positions(stage, run: run).filter {
                topics.contains($0.key.topic) && $0.value.rawValue > 0
            }
            if !read.isEmpty { _ = try report.admin.deleteRecords(below: read) }
        }
    }
}
