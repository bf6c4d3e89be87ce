import PostgresClient
import Records
import Testing

@Suite("A slot held by a lease")
struct PostgresSlotHolderTests {
    /// Leases without a database, which is away when told so, by a clock that is set.
    private final class Leases: SlotLeasing {
        var now = ContinuousClock.now
        var isDown = false
        var isTaken = false
        private(set) var asked = 0
        private var lastSlot: Int32 = -1

        private func ask() throws {
            asked += 1
            guard isDown else { return }
            throw DataflowError(
                .databaseUnavailable, domain: .external, retry: .backoff, "it is down")
        }

        func acquire(run: String, stage: String, for duration: Duration) throws -> SlotLease {
            try ask()
            lastSlot += 1
            isTaken = false
            return SlotLease(run: run, stage: stage, slot: lastSlot, generation: 1)
        }

        func renew(_ lease: SlotLease, for duration: Duration) throws -> Bool {
            try ask()
            return !isTaken
        }

        func release(_ lease: SlotLease) throws {}
        func close() {}
    }

    @Test(
        "a database that is away at the start is tried now and then, not with every turn of the thread"
    )
    func awayAtStart() throws {
        let leases = Leases()
        let holder = PostgresSlotHolder(leases, run: "r", stage: "s") { leases.now }
        leases.isDown = true
        for _ in 0..<300 {
            #expect(throws: DataflowError.self) { try holder.hold() }
            leases.now += .milliseconds(100)
        }
        #expect(leases.asked == 10)
        leases.isDown = false
        leases.now += .seconds(3)
        #expect(try holder.hold() == 0)
        // A slot that was lost is taken anew at once.
        leases.isTaken = true
        leases.now += .seconds(3)
        #expect(try holder.hold() == 1)
    }

    @Test("while the database is away a slot is kept until its lease has run out, never longer")
    func expired() throws {
        let leases = Leases()
        let holder = PostgresSlotHolder(leases, run: "r", stage: "s") { leases.now }
        #expect(try holder.hold() == 0)
        leases.isDown = true
        var kept = 0
        for second in 1...30 {
            leases.now += .seconds(1)
            guard let slot = try? holder.hold() else { continue }
            #expect(slot == 0 && second < 10, "held \(second) s behind the last renewal")
            kept += 1
        }
        #expect(kept == 9)
        // Once every three seconds, and once at the start: it is not asked with every turn of the thread.
        #expect(leases.asked == 11)
        leases.isDown = false
        leases.now += .seconds(3)
        #expect(try holder.hold() == 0)
        leases.isDown = true
        leases.now += .seconds(9)
        #expect(try holder.hold() == 0)
        leases.isDown = false
        leases.isTaken = true
        leases.now += .seconds(3)
        #expect(try holder.hold() == 1)
    }
}
