public import Records
internal import State

/// The leases of transactional ids' slots, by one clock.
public final class SimulatedSlots {
    private struct Lease {
        var holder: Int
        var expiresAt: EventTime
    }

    private var leases: [String: [Int32: Lease]] = [:]
    private var lastHolder = 0
    private let clock: any EventClock
    /// For how long a lease lasts without being prolonged.
    static let durationMilliseconds: Int64 = 10_000

    /// Makes leases by a clock.
    public init(clock: any EventClock) { self.clock = clock }

    /// A holder for one worker of a stage.
    func makeHolder(stage: String) -> SimulatedSlotHolder {
        lastHolder += 1
        return SimulatedSlotHolder(self, stage: stage, number: lastHolder)
    }

    fileprivate func hold(_ stage: String, _ holder: Int, _ slot: Int32?) -> Int32 {
        let now = clock.now()
        let lease = Lease(
            holder: holder,
            expiresAt: now.advanced(byMilliseconds: SimulatedSlots.durationMilliseconds))
        if let slot, leases[stage]?[slot]?.holder == holder {
            leases[stage]?[slot] = lease
            return slot
        }
        var free: Int32 = 0
        while let taken = leases[stage]?[free], taken.expiresAt > now { free += 1 }
        leases[stage, default: [:]][free] = lease
        return free
    }

    fileprivate func release(_ stage: String, _ holder: Int, _ slot: Int32) {
        if leases[stage]?[slot]?.holder == holder { leases[stage]?[slot] = nil }
    }
}

/// One worker's slot.
final class SimulatedSlotHolder: SlotHolder {
    private let slots: SimulatedSlots
    private let stage: String
    private let number: Int
    private var slot: Int32?

    fileprivate init(_ slots: SimulatedSlots, stage: String, number: Int) {
        self.slots = slots
        self.stage = stage
        self.number = number
    }

    func hold() -> Int32 {
        let held = slots.hold(stage, number, slot)
        slot = held
        return held
    }

    func release() {
        if let slot { slots.release(stage, number, slot) }
        slot = nil
    }
}
