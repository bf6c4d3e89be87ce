/// What outlives the workers of a simulation.
final class SimulatedWorld {
    let log = SimulatedLog()
    let store = SimulatedStore()
    let database = SimulatedDatabase()
    let clock: ManualClock
    let slots: SimulatedSlots
    let sabotage: Sabotage

    init(_ options: SimulationOptions) {
        let faults = options.faults
        sabotage = Sabotage(bug: options.bug, rewrite: options.rewriteCheckpoint)
        clock = ManualClock(options.start)
        slots = SimulatedSlots(clock: clock)
        log.clock = clock
        log.faults = faults
        store.faults = faults
        database.faults = faults
        if options.bug == .skipFencing {
            database.ignoresGenerations = true
            log.ignoreFencing()
        }
    }
}
