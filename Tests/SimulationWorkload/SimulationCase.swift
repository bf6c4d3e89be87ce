internal import Dataflow
package import OperatorTesting
package import Records
package import Runtime
internal import Transforms

/// One seed of the simulation: which pipeline runs under which delivery, what goes in, what goes wrong and what
/// must come out all follow from it.
package struct SimulationCase: Hashable, Sendable {
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
        /// What the seed puts together.
        case fuzzed
        /// A task that meets its operator's bound, a busy neighbour and an idle one on one thread.
        case blocked
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
    /// After which time the log aborts a transaction; nil: its own.
    package var transactionTimeoutMilliseconds: Int64?
    /// The longest run, in steps.
    package var maximumSteps = 400_000
    /// How many partitions the topics have.
    package var partitions: Int32 = 2
    /// Whether the run ends at given offsets; else idle partitions follow the clock until it is ended.
    package var isBounded = true
    /// Whether the database refuses rows for what they hold.
    package var refusesRows = false
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
        var random = SeededGenerator(seed: SeededGenerator.mix(seed ^ 0xCA5E))
        partitions = 2 + Int32(random.next() % 3)
        isBounded = random.next() % 3 != 0
        refusesRows = random.next() % 2 == 0
    }

    /// A pipeline under a delivery.
    package init(seed: UInt64, _ subject: Subject, _ delivery: Delivery) {
        self.seed = seed
        self.subject = subject
        self.delivery = delivery
    }

    /// After how long an idle partition follows the clock, in a run without an end.
    var idleAfter: Duration? { isBounded ? nil : .milliseconds(500) }

    /// The graph of ``Subject/fuzzed``.
    var graph: FuzzedGraph { FuzzedGraph(seed: seed, idleAfter: idleAfter) }

    /// What goes in.
    var input: [Event] {
        subject == .blocked
            ? CrowdedTask.events(events, seed: seed) : Event.make(events, seed: seed)
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
        /// How many commits were decided for some of their tasks, and refused for others.
        package var commitsInPart = 0
        /// How many steps the run took.
        package var steps = 0
    }

    /// Plays the case.
    package func run() -> Report {
        var report = Report()
        let options = options
        let bound = CrowdedTask.Bound()
        do {
            let harness = try PipelineHarness(subject.rawValue, options, define: define(bound))
            if let timeout = transactionTimeoutMilliseconds {
                harness.driver.log.transactionTimeoutMilliseconds = timeout
            }
            if subject == .fuzzed { harness.driver.log.recordBound = FuzzedGraph.recordBound }
            if refusesRows { harness.driver.database.refusal = Refusal.reason }
            try play(harness, bound, options.faults, &report)
        } catch {
            report.problems = [SimulationProblem(.stopped, "\(error)")]
        }
        report.crashes = options.faults?.crashes ?? [:]
        report.faults = options.faults?.counts ?? [:]
        return report
    }

    private var options: SimulationOptions {
        var options = SimulationOptions.shuffled(seed: seed, faults: faults)
        options.partitions = partitions
        options.worker.delivery = delivery
        options.worker.isBounded = isBounded
        options.maximumSteps = maximumSteps
        options.bug = bug
        if bug == .forgottenTimers { options.rewriteCheckpoint = ForgottenTimers.rewrite }
        if let crashPoint { options.faults?.crashPoint = crashPoint }
        if subject == .blocked { CrowdedTask.configure(&options) }
        return options
    }

    private func play(
        _ harness: PipelineHarness, _ bound: CrowdedTask.Bound, _ faults: FaultPlan?,
        _ report: inout Report
    ) throws {
        defer {
            report.reached = harness.driver.reached
            report.commitsInPart = harness.driver.commitsInPart
            report.steps = harness.driver.steps
            report.told = harness.driver.reports.suffix(SimulationCase.maximumTold)
        }
        do {
            try feed(input, harness)
            if subject == .blocked, let problem = try CrowdedTask.outgrow(self, harness, bound) {
                report.problems = [problem]
                return
            }
            // So that partitions are idle for long enough to follow the clock.
            if !isBounded { try harness.advance(by: .seconds(5)) }
            try harness.finish()
        } catch {
            let failure = harness.driver.failure
            report.problems = [
                SimulationProblem(
                    failure == nil ? .endless : .stopped, "\(error)", failure: failure)
            ]
            return
        }
        let wasTakenForDead = [Fault.zombie, .lateDecision, .expiry].contains {
            faults?.counts[$0, default: 0] ?? 0 > 0
        }
        var check = SimulationCheck(self, harness, wasTakenForDead: wasTakenForDead)
        try check.run()
        report.problems = check.problems
        report.recordsChecked = check.recordsChecked
    }

    /// Feeds events while the simulation runs.
    private func feed(_ events: [Event], _ harness: PipelineHarness) throws {
        var random = SeededGenerator(seed: seed)
        var sent = 0
        while sent < events.count {
            let next = min(events.count, sent + 1 + Int(random.next() % 24))
            try harness.send(Array(events[sent..<next]))
            sent = next
            try harness.advance(by: .milliseconds(Int64(random.next() % 600)))
        }
    }

    private func define(_ bound: CrowdedTask.Bound) -> (GraphBuilder) -> Void {
        switch subject {
        case .windows: TestPipelines.windows(idleAfter: idleAfter)
        case .early: TestPipelines.windows(early: true, idleAfter: idleAfter)
        case .sums: TestPipelines.sums
        case .running: TestPipelines.bounded(ProcessOptions(), idleAfter: idleAfter)
        case .delayed: TestPipelines.delayed(idleAfter: idleAfter)
        case .seams: TestPipelines.seams
        case .fuzzed: graph.define
        case .blocked: CrowdedTask.define(bound, idleAfter: idleAfter)
        }
    }
}

extension SimulationCase: CustomStringConvertible {
    /// The case as its line in a log.
    package var description: String {
        "seed \(seed): \(subject.rawValue), \(delivery.rawValue), \(partitions) partitions"
            + (isBounded ? "" : ", without an end") + (refusesRows ? ", refused rows" : "")
    }
}
