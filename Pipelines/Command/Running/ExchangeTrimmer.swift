internal import Dataflow
internal import Foundation
internal import KafkaClient
internal import Records

/// Deletes what the stages of a run have read of the topics between them, which have no retention of their own:
/// on a thread of its own, as it waits for the cluster.
final class ExchangeTrimmer: @unchecked Sendable {
    // Guarded by `condition`; everything else is immutable.
    private let condition = NSCondition()
    private var isStopped = false

    private let plan: Plan
    private let run: String
    private let services: ServiceEnvironment
    private let troubles: TroubleLog

    /// Seconds between two rounds.
    static let intervalSeconds = 60.0

    /// Starts the rounds; a round that fails is told of, and made good by the next.
    init(_ plan: Plan, run: String, _ services: ServiceEnvironment, _ troubles: TroubleLog) {
        self.plan = plan
        self.run = run
        self.services = services
        self.troubles = troubles
        let thread = Thread { [self] in
            var report: LagReport?
            while waitForRound() { report = round(report) }
            report?.close()
        }
        thread.name = "\(run)-trimmer"
        thread.start()
    }

    /// Ends the rounds behind the one that is under way.
    func stop() {
        condition.lock()
        isStopped = true
        condition.broadcast()
        condition.unlock()
    }

    /// - Returns: false when no round is to follow.
    private func waitForRound() -> Bool {
        let end = Date(timeIntervalSinceNow: ExchangeTrimmer.intervalSeconds)
        condition.lock()
        defer { condition.unlock() }
        while !isStopped, condition.wait(until: end) {}
        return !isStopped
    }

    /// - Returns: the clients for the next round; nil when this one has failed.
    private func round(_ last: LagReport?) -> LagReport? {
        var report = last
        do {
            let present = try last ?? LagReport(services)
            report = present
            try ExchangeTrimmer.trim(plan, run: run, present)
            return present
        } catch {
            troubles.note(
                run, "delete what was read",
                error as? DataflowError
                    ?? DataflowError(.invariant, domain: .internal, "\(error)"))
            report?.close()
            return nil
        }
    }

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
