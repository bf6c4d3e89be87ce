import DatabaseFixture
import Foundation
import PostgresClient
import Records
import Testing

@Suite(
    "Leases of slots", .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
struct PostgresSlotLeasesTests {
    let run = "run-\(UUID())"

    @Test("each taker gets a slot of its own, the lowest that is free")
    func distinct() async throws {
        try await TestDatabase.withSchema { configuration in
            let slots = try await withThrowingTaskGroup(of: Int32.self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        try await TestDatabase.onThread {
                            let leases = PostgresSlotLeases(configuration, owner: "w\(worker)")
                            return try leases.acquire(run: run, stage: "s", for: .seconds(600)).slot
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(slots.sorted() == [0, 1, 2, 3])
            let leases = PostgresSlotLeases(configuration, owner: "w")
            let other = try leases.acquire(run: run, stage: "other", for: .seconds(600))
            #expect(other.transactionalID == "\(run).other.0")
        }
    }

    @Test(
        "a worker that comes back while the dead one's lease lasts takes the next slot and waits for nothing"
    )
    func quickRestart() async throws {
        try await TestDatabase.withSchema { configuration in
            func holder() -> PostgresSlotHolder {
                PostgresSlotHolder(configuration, owner: "w", run: run, stage: "s")
            }
            // It never gives its slot back, as one that was killed.
            let dead = holder()
            #expect(try dead.hold() == 0)
            let back = holder()
            #expect(try back.hold() == 1)
            let admin = try PostgresConnection(configuration)
            let left = try admin.query(
                "SELECT extract(epoch FROM max(expires_at) - clock_timestamp())::float8"
                    + " FROM millrace.slot_leases WHERE run = $1", [.text(run)])
            let seconds = try #require(left.first).value(0, as: Double.self)
            #expect(seconds <= 10, "whoever wants the dead one's slot waits for no longer")
            try admin.query(
                "UPDATE millrace.slot_leases SET expires_at = 'epoch' WHERE run = $1 AND slot = 0",
                [.text(run)])
            let third = holder()
            #expect(try third.hold() == 0)
            // The one that came back keeps what it has.
            #expect(try back.hold() == 1)
            back.release()
            third.release()
        }
    }

    @Test("a slot changes hands once it is released or has expired, never before")
    func expiry() async throws {
        try await TestDatabase.withSchema { configuration in
            let first = PostgresSlotLeases(configuration, owner: "first")
            let second = PostgresSlotLeases(configuration, owner: "second")
            let lease = try first.acquire(run: run, stage: "s", for: .seconds(600))
            #expect(try second.acquire(run: run, stage: "s", for: .seconds(600)).slot == 1)
            #expect(try first.renew(lease, for: .seconds(600)))
            // The database's clock passes the end of the first lease.
            let admin = try PostgresConnection(configuration)
            try admin.query(
                "UPDATE millrace.slot_leases SET expires_at = 'epoch' WHERE run = $1 AND slot = 0",
                [.text(run)])
            // Late, but nobody took it.
            #expect(try first.renew(lease, for: .milliseconds(1)))
            try admin.query(
                "UPDATE millrace.slot_leases SET expires_at = 'epoch' WHERE run = $1 AND slot = 0",
                [.text(run)])
            let taken = try second.acquire(run: run, stage: "s", for: .seconds(600))
            #expect(taken.slot == 0)
            #expect(taken.generation == lease.generation + 1)
            #expect(try !first.renew(lease, for: .seconds(600)))
            // Giving back what one has lost takes nothing from the new holder.
            try first.release(lease)
            #expect(try first.acquire(run: run, stage: "s", for: .seconds(600)).slot == 2)
            try second.release(taken)
            #expect(try first.acquire(run: run, stage: "s", for: .seconds(600)).slot == 0)
        }
    }
}
