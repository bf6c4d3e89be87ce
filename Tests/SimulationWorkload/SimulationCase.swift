internal import Dataflow
package import OperatorTesting
package import Records
package import Runtime

/// One seed of the simulation: which pipeline runs under which delivery, what goes in, what goes wrong and what
/// must come out all follow from it.
package struct SimulationCase: Sendable {
    /// A pipeline under test.
    package enum Subject: String, CaseIterable, Sendable {
        /// Two stages and a follower of their topic.
        case windows
        /// The same with early results.
        case early
        /// Rows and offsets in one transaction.
        case sums
        /// One stage that commits to the log.
        case running
        /// The same, by timers.
        case delayed
        /// Every seam of a chain.
        case seams
    }

    /// The seed.
    package let seed: UInt64
    /// The pipeline.
    package let subject: Subject
    /// What is promised.
    package let delivery: Delivery
    /// How many events go in.
    package var events = 60
    /// How often each fault may strike.
    package var faults = 2
    /// The longest run, in steps.
    package var maximumSteps = 400_000
    /// A mistake that is switched on; nil: none.
    package var bug: SeededBug?
    /// Where workers are killed; nil: where the seed says.
    package var crashPoint: CrashPoint?

    /// The case of a seed: exactly-once more often than the others.
    package init(seed: UInt64) {
        let subjects = Subject.allCases
        let deliveries: [Delivery] = [.exactlyOnce, .exactlyOnce, .atLeastOnce, .atMostOnce]
        self.init(
            seed: seed, subjects[Int(seed % UInt64(subjects.count))],
            deliveries[Int(seed / UInt64(subjects.count) % UInt64(deliveries.count))])
    }

    /// A pipeline under a delivery.
    package init(seed: UInt64, _ subject: Subject, _ delivery: Delivery) {
        self.seed = seed
        self.subject = subject
        self.delivery = delivery
    }

    /// The most reports of workers that are kept.
    private static let maximumTold = 20

    /// What came of a case.
    package struct Report: Sendable {
        /// What is not as it must be; empty for a clean run.
        package var problems: [SimulationProblem] = []
        /// How often a worker stood at each place of the commit protocol.
        package var reached: [CrashPoint: Int] = [:]
        /// How often a worker was killed there.
        package var crashes: [CrashPoint: Int] = [:]
        /// How often each fault struck.
        package var faults: [Fault: Int] = [:]
        /// How many published records and rows were compared with the oracle's.
        package var recordsChecked = 0
        /// What the workers reported, the last of it.
        package var told: [DataflowError] = []
        /// How many steps the run took.
        package var steps = 0
    }

    /// Plays the case.
    package func run() -> Report {
        var report = Report()
        var options = SimulationOptions.shuffled(seed: seed, faults: faults)
        options.worker.delivery = delivery
        options.maximumSteps = maximumSteps
        options.bug = bug
        if bug == .forgottenTimers { options.rewriteCheckpoint = ForgottenTimers.rewrite }
        if let crashPoint { options.faults?.crashPoint = crashPoint }
        do {
            let harness = try PipelineHarness(subject.rawValue, options, define: define)
            try play(harness, &report)
        } catch {
            report.problems = [SimulationProblem(.stopped, "\(error)")]
        }
        report.crashes = options.faults?.crashes ?? [:]
        report.faults = options.faults?.counts ?? [:]
        return report
    }

    private func play(_ harness: PipelineHarness, _ report: inout Report) throws {
        defer {
            report.reached = harness.driver.reached
            report.steps = harness.driver.steps
            report.told = harness.driver.reports.suffix(SimulationCase.maximumTold)
        }
        let events = Event.make(self.events, seed: seed)
        do {
            try feed(events, harness)
        } catch {
            let failure = harness.driver.failure
            report.problems = [
                SimulationProblem(
                    failure == nil ? .endless : .stopped, "\(error)", failure: failure)
            ]
            return
        }
        var check = SimulationCheck(self, harness, ReferenceInterpreter(events: events))
        try check.run()
        report.problems = check.problems
        report.recordsChecked = check.recordsChecked
    }

    /// Feeds events while the simulation runs, then ends it.
    private func feed(_ events: [Event], _ harness: PipelineHarness) throws {
        var random = SeededGenerator(seed: seed)
        var sent = 0
        while sent < events.count {
            let next = min(events.count, sent + 1 + Int(random.next() % 24))
            try harness.send(Array(events[sent..<next]))
            sent = next
            try harness.advance(by: .milliseconds(Int64(random.next() % 600)))
        }
        try harness.finish()
    }

    private var define: (GraphBuilder) -> Void {
        switch subject {
        case .windows: TestPipelines.windows()
        case .early: TestPipelines.windows(early: true)
        case .sums: TestPipelines.sums
        case .running: TestPipelines.running
        case .delayed: TestPipelines.delayed
        case .seams: TestPipelines.seams
        }
    }
}

extension SimulationCase: CustomStringConvertible {
    /// The case as its line in a log.
    package var description: String { "seed \(seed): \(subject.rawValue), \(delivery.rawValue)" }
}
