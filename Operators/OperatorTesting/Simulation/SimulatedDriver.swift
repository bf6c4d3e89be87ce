public import Dataflow
public import Records
public import Runtime
internal import State

/// Drives all stages of a pipeline on one thread, over a simulated log, store and database: the production
/// state machines, step by step, in an order that is a function of a seed.
///
/// Each step is one of: a command carried out, an answer delivered, a group polled, a batch handed over,
/// output sent, a worker's clock told, the clock advanced, or a fault. The same seed gives the same run.
public final class SimulatedDriver {
    /// Where the pipeline's topics lie.
    public var log: SimulatedLog { world.log }
    /// Where its checkpoints lie.
    public var store: SimulatedStore { world.store }
    /// Where its tables lie.
    public var database: SimulatedDatabase { world.database }
    /// The clock of all workers.
    public var clock: ManualClock { world.clock }
    /// The plan that is run.
    public let plan: Plan
    /// How often a batch was handed to a worker so far.
    public private(set) var batches = 0
    /// How many steps were taken so far.
    public private(set) var steps = 0
    /// How often a worker stood at each place of the commit protocol.
    public private(set) var reached: [CrashPoint: Int] = [:]

    /// How many commits were decided for some of their tasks, while the tables of others took nothing.
    public private(set) var commitsInPart = 0

    /// The most reports that are kept.
    static let maximumReports = 10_000

    let world: SimulatedWorld
    let options: SimulationOptions
    let run: String
    var lanes: [SimulatedLane] = []
    /// The stages that have come to their ends.
    var endedStages: Set<String> = []
    /// Input partitions whose last owner has stopped in order behind their ends.
    var endedInputs: Set<TopicPartition> = []
    /// The newest event time of the recording that was said to have ended.
    var recordingEnd: EventTime?
    private let define: (GraphBuilder) -> Void
    private let resources = ResourceCache()
    private var random: SeededGenerator
    private var initialPartitions: [String: Int32] = [:]
    private var lastLane = 0
    private var turn = 0

    /// Makes the topics of a pipeline and starts its workers.
    ///
    /// - Parameter define: names the operators; called once for each worker, as each has its own copy.
    /// - Throws: the graph's faults.
    public init(
        pipeline: String, _ options: SimulationOptions, define: @escaping (GraphBuilder) -> Void
    ) throws {
        self.options = options
        self.define = define
        run = pipeline
        world = SimulatedWorld(options)
        random = SeededGenerator(seed: options.seed)
        let builder = GraphBuilder(pipeline: pipeline, resources: resources)
        define(builder)
        plan = try Plan(
            try builder.graph(), options: PlanOptions(partitions: options.partitions))
        for topic in plan.topics {
            try log.createTopic(topic.name, partitions: topic.partitions)
            initialPartitions[topic.name] = topic.partitions
        }
        for _ in 0..<options.workers { try startWorkers() }
    }

    // MARK: Workers

    /// Starts a worker of each stage that has not ended.
    func startWorkers() throws {
        for stage in plan.stages where !endedStages.contains(stage.name) {
            try startWorker(stage)
        }
    }

    /// Starts a further worker of a stage.
    public func startWorker(_ stage: Stage) throws {
        lastLane += 1
        let builder = GraphBuilder(pipeline: run, resources: resources)
        define(builder)
        let reader = try log.makeMember(group: "\(run).\(stage.name)", topics: stage.topics)
        reader.batchLimit = options.batchLimit
        let (plan, run) = (plan, run)
        var workerOptions = options.worker
        workerOptions.apply(plan.graph.policy)
        let clients = SimulatedClients(
            stage, run: run, delivery: options.worker.delivery, reader: reader, world: world
        ) { [unowned self] point in
            reached[point, default: 0] += 1
            if options.faults?.kills(at: point) ?? false { throw SimulatedCrash(point: point) }
        }
        let worker = StageWorker(
            stage: stage, run: run, options: workerOptions,
            seed: SeededGenerator.mix(options.seed ^ UInt64(lastLane)),
            partitions: fixedPartitions(of: stage)
        ) { partition, incarnation in
            let context = TaskContext(
                pipeline: run, partition: partition,
                stageTasks: try stage.topics.first.map { try reader.partitionCount(of: $0) } ?? 1,
                incarnation: incarnation,
                recordBound: { clients.services.writer?.recordBound(of: $0) ?? .max },
                partitionCount: { try clients.partitionCount(of: $0) })
            return try builder.makeChain(stage: stage, plan: plan, context: context)
        }
        worker.budget = options.budget
        if options.bug == .reusedAttempt { worker.attempt = { _ in 1 } }
        let lane = SimulatedLane(number: lastLane, worker: worker, run: run, clients: clients)
        lane.report = { [unowned self] error in
            if reports.count < SimulatedDriver.maximumReports { reports.append(error) }
        }
        lane.decidedInPart = { [unowned self] in commitsInPart += 1 }
        lanes.append(lane)
        if let recordingEnd { lane.step(.recordingEnded(recordingEnd)) }
    }

    /// How many partitions the inputs of a stage had in the beginning.
    private func fixedPartitions(of stage: Stage) -> Int32? {
        initialPartitions[stage.topics.first ?? ""]
    }

    /// Kills every worker, and starts as many anew.
    public func crash() throws {
        for lane in lanes { lane.kill() }
        lanes = []
        for _ in 0..<options.workers { try startWorkers() }
    }

    /// Asks all workers to commit and stop.
    public func stopWorkers() {
        for lane in lanes {
            lane.isLeaving = true
            lane.step(.stop)
        }
    }

    /// What keeps partitions from being read.
    public var obstacles: [Obstacle] { lanes.flatMap(\.worker.obstacles) }

    /// How many partitions each worker has, in the order of their start.
    public var partitionsByWorker: [Int] { lanes.map(\.worker.partitions.count) }

    /// How many commits the tasks of a stage have behind them.
    public func commits(of stage: String) -> UInt64 {
        lanes.filter { $0.worker.stage.name == stage }.flatMap(\.worker.progress)
            .reduce(0) { $0 + $1.epoch }
    }

    /// What each operator keeps in all tasks.
    public var stateSizes: [OperatorID: StateSize] {
        lanes.reduce(into: [:]) { sizes, lane in
            sizes.merge(lane.worker.stateSizes) {
                StateSize(bytes: $0.bytes + $1.bytes, keys: $0.keys + $1.keys)
            }
        }
    }

    /// What workers have reported so far.
    public internal(set) var reports: [DataflowError] = []

    /// The first failure that stopped a worker.
    public var failure: DataflowError? { lanes.lazy.compactMap(\.failure).first }

    // MARK: Steps

    private enum Action {
        case answer(SimulatedLane)
        case command(SimulatedLane)
        case poll(SimulatedLane)
        case send(SimulatedLane)
        case timer(SimulatedLane)
        case read(SimulatedLane, TopicPartition)
    }

    private func addActions(of lane: SimulatedLane, to actions: inout [Action]) {
        if lane.isAsleep { return }
        // In turn, a lane hears its group first, as it does in production.
        if lane.hasNews { actions.append(.poll(lane)) }
        if lane.hasAnswer { actions.append(.answer(lane)) }
        if lane.hasCommand { actions.append(.command(lane)) }
        if lane.hasOutput { actions.append(.send(lane)) }
        if lane.isTimerDue { actions.append(.timer(lane)) }
        for partition in lane.readable { actions.append(.read(lane, partition)) }
    }

    private func take(_ action: Action) throws {
        switch action {
        case .answer(let lane): lane.deliverAnswer()
        case .command(let lane):
            if lane.isAboutToDecide, options.faults?.strikes(.lateDecision, oneIn: 8) ?? false {
                return putToSleep(lane)
            }
            lane.carryOut()
            if lane.hasCrashed { try replace(lane) }
        case .poll(let lane): lane.poll()
        case .send(let lane): lane.sendOutput()
        case .timer(let lane): lane.tellTime()
        case .read(let lane, let partition): if lane.read(partition) { batches += 1 }
        }
    }

    /// Takes one step that doesn't need the clock.
    ///
    /// - Returns: false when there is nothing to do before the clock moves.
    /// - Throws: what stopped a worker; `.limitExceeded` after too many steps.
    public func step() throws -> Bool {
        steps += 1
        log.expireTransactions()
        world.comeBack()
        if steps > options.maximumSteps { throw failed("the run has not ended") }
        let next: Action?
        if options.isShuffled {
            var all: [Action] = []
            for lane in lanes { addActions(of: lane, to: &all) }
            next = all.isEmpty ? nil : all[Int(random.next() % UInt64(all.count))]
        } else {
            next = nextInTurn()
        }
        guard let next else { return false }
        try take(next)
        try removeStopped()
        if options.faults != nil { try strike() }
        return true
    }

    /// The first thing that can happen, lane by lane.
    private func nextInTurn() -> Action? {
        for offset in lanes.indices {
            let index = (turn + offset) % lanes.count
            var actions: [Action] = []
            addActions(of: lanes[index], to: &actions)
            if let action = actions.first {
                turn = index
                return action
            }
        }
        return nil
    }

    private func removeStopped() throws {
        for lane in lanes where lane.isStopped {
            if let failure = lane.failure { throw failed("\(failure)") }
            lane.close()
            // What it had reached the end of, it has committed: an orderly stop comes behind the commit.
            if !lane.isLeaving { endedInputs.formUnion(lane.finishedInputs) }
        }
        lanes.removeAll(where: \.isStopped)
    }

    /// An error that says which run it was.
    func failed(_ what: String) -> DataflowError {
        DataflowError(
            .invariant, domain: .internal,
            "simulation of \(run), seed \(options.seed), step \(steps): \(what)")
    }

    // MARK: Faults

    private func strike() throws {
        guard let faults = options.faults, !lanes.isEmpty else { return }
        func anyLane() -> SimulatedLane { lanes[Int(random.next() % UInt64(lanes.count))] }
        if faults.strikes(.crash, oneIn: 300) { try replace(anyLane()) }
        if faults.strikes(.join, oneIn: 500), !lanes.isEmpty {
            try startWorker(anyLane().worker.stage)
        }
        if faults.strikes(.expiry, oneIn: 400), !lanes.isEmpty { anyLane().reader.expire() }
        if faults.strikes(.zombie, oneIn: 400), !lanes.isEmpty { putToSleep(anyLane()) }
        if faults.strikes(.outage, oneIn: 600) {
            world.goDown(forMilliseconds: 500 + Int64(random.next() % 15_000))
        }
        if faults.strikes(.clockJump, oneIn: 1_000) { clock.advance(byMilliseconds: -20_000) }
        if faults.strikes(.clockLeap, oneIn: 1_000) { clock.advance(byMilliseconds: 20_000) }
        if faults.strikes(.leave, oneIn: 500), !lanes.isEmpty {
            let lane = anyLane()
            // One that stays is needed: nobody starts another.
            let staying = lanes.count {
                $0.worker.stage.name == lane.worker.stage.name && !$0.isLeaving
            }
            if staying > 1, !lane.isLeaving {
                lane.isLeaving = true
                lane.step(.stop)
            }
        }
    }

    /// The group takes a worker for dead, which stands still for seconds.
    private func putToSleep(_ lane: SimulatedLane) {
        lane.reader.expire()
        lane.sleepsUntil = clock.now().advanced(byMilliseconds: 500 + Int64(random.next() % 20_000))
    }

    /// Kills a worker and starts another in its place.
    private func replace(_ lane: SimulatedLane) throws {
        lane.kill()
        lanes.removeAll { $0 === lane }
        if !endedStages.contains(lane.worker.stage.name) { try startWorker(lane.worker.stage) }
    }

    // MARK: Time

    /// Goes on until nothing is left to do at the clock's present time.
    public func settle() throws {
        while try step() {}
    }

    /// Lets time pass, in small strides, with everything that follows from it.
    public func advance(byMilliseconds milliseconds: Int64, stride: Int64 = 100) throws {
        var left = milliseconds
        while left > 0 {
            clock.advance(byMilliseconds: min(stride, left))
            left -= stride
            try settle()
        }
    }
}
