internal import Records

/// What outlives the workers of a simulation.
final class SimulatedWorld {
    let log = SimulatedLog()
    let store = SimulatedStore()
    let database = SimulatedDatabase()
    let clock: ManualClock
    let slots: SimulatedSlots
    let sabotage: Sabotage

    /// When the outage under way ends.
    private var downUntil = EventTime.min

    /// Lets database and log take nothing for a while.
    func goDown(forMilliseconds milliseconds: Int64) {
        downUntil = clock.now().advanced(byMilliseconds: milliseconds)
        log.isFull = true
        database.isDown = true
    }

    /// Ends the outage when its time has come.
    func comeBack() {
        guard downUntil > .min, clock.now() >= downUntil else { return }
        downUntil = .min
        log.isFull = false
        database.isDown = false
    }

    init(_ options: SimulationOptions) {
        let faults = options.faults
        sabotage = Sabotage(bug: options.bug, rewrite: options.rewriteCheckpoint)
        clock = ManualClock(options.start)
        slots = SimulatedSlots(clock: clock)
        log.clock = clock
        log.faults = faults
        store.faults = faults
        database.faults = faults
        database.clock = clock
        if options.bug == .skipFencing {
            database.ignoresGenerations = true
            log.ignoreFencing()
        }
    }
}
