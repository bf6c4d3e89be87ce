internal import Dataflow
internal import Records
internal import Runtime
internal import State

/// The clients of one simulated worker, as production puts them together: which authority decides follows from
/// stage and delivery.
final class SimulatedClients {
    let reader: SimulatedReader
    let clock: ManualClock
    let faults: FaultPlan?
    private(set) var services: LaneServices
    let sabotage: Sabotage
    private let store: SimulatedStore
    /// Output that was written and not sent, of the present producer.
    private(set) var queue: SimulatedWriter?
    private var producer: SimulatedTransactionalWriter?
    private var slots: SimulatedSlotHolder?
    private(set) var slowUntil = EventTime.min

    /// Makes the clients of a worker of a stage.
    ///
    /// - Parameter reached: told where in the commit protocol the worker stands.
    init(
        _ stage: Stage, run: String, delivery: Delivery, reader: SimulatedReader,
        world: SimulatedWorld, reached: @escaping (CrashPoint) throws -> Void
    ) {
        self.reader = reader
        clock = world.clock
        sabotage = world.sabotage
        faults = world.log.faults
        store = world.store
        services = LaneServices(reader: reader, writer: nil, authority: nil, store: world.store)
        services.reached = reached
        services.announcesProgress = stage.authority == .postgres
        if stage.authority == .kafka, delivery == .exactlyOnce {
            openTransactions(stage, run, world, reached)
            return
        }
        let writer = world.log.makeWriter()
        writer.mayDuplicate = delivery == .atLeastOnce
        queue = writer
        services.writer = writer
        services.authority =
            stage.authority == .postgres
            ? world.database.makeAuthority(reached: reached) : LogAuthority(reader)
    }

    private func openTransactions(
        _ stage: Stage, _ run: String, _ world: SimulatedWorld,
        _ reached: @escaping (CrashPoint) throws -> Void
    ) {
        let slots = world.slots.makeHolder(stage: stage.name)
        self.slots = slots
        let log = TransactionalLog(
            run: run, stage: stage.name, reader: reader, slots: slots, reached: reached
        ) { [unowned self] id in
            let producer = world.log.makeWriter(transactionalID: id)
            self.producer = producer
            queue = producer.queue
            return world.sabotage.producer(producer)
        }
        services.writer = log
        services.authority = log
    }

    /// Asks the writer how many partitions a topic has, as a task does that is being built.
    func partitionCount(of topic: String) throws -> Int32 {
        guard let writer = services.writer else {
            throw DataflowError(.invariant, domain: .internal, "this stage writes no topic")
        }
        if faults?.strikes(.questionRefused, oneIn: 4) ?? false {
            throw DataflowError(
                .logUnavailable, domain: .external, retry: .backoff, "the log doesn't answer")
        }
        return try writer.partitionCount(of: topic)
    }

    /// Sends the oldest batch that waits, and tells what became known.
    func sendOne() -> [DeliveryReport] {
        guard let producer else {
            queue?.sendOne()
            return queue?.takeReports() ?? []
        }
        producer.sendOne()
        return services.writer?.poll() ?? []
    }

    /// Sends nothing for seconds.
    func slowDown() { slowUntil = clock.now().advanced(byMilliseconds: 3_000) }

    /// Lets the store fail as the seed says.
    func failStore() {
        guard let faults else { return }
        if faults.strikes(.storeRefused, oneIn: 8) { store.failNext(.refused) }
        if faults.strikes(.storeUnheard, oneIn: 8) { store.failNext(.unheard) }
        if faults.strikes(.storeTorn, oneIn: 8) { store.failNext(.torn) }
    }

    /// The process dies: what was not sent is gone, a transaction stays open, a lease stays held.
    func kill() {
        producer?.close()
        queue?.close()
        reader.close()
    }

    /// The process ends in order.
    func close() {
        reader.close()
        services.writer?.close()
    }
}
