import DatabaseFixture
import Foundation
import PostgresClient
import Records
import Synchronization
import Testing

@Suite("The pool", .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
struct PostgresPoolTests {
    /// A clock whose sleepers wake when the test says so.
    final class StoppedClock: Clock, Sendable {
        struct Instant: InstantProtocol {
            var offset: Duration = .zero
            func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
            func duration(to other: Instant) -> Duration { other.offset - offset }
            static func < (a: Instant, b: Instant) -> Bool { a.offset < b.offset }
        }
        let now = Instant()
        let minimumResolution: Duration = .zero
        private let gate = AsyncStream<Void>.makeStream()
        func sleep(until deadline: Instant, tolerance: Duration?) async throws {
            for await _ in gate.stream { return }
            throw CancellationError()
        }
        /// Ends one sleep.
        func wakeOne() { gate.continuation.yield() }
    }

    @Test("callers share the connections, each used by one caller at a time")
    func shared() async throws {
        try await TestDatabase.withSchema { configuration in
            let pool = PostgresPool(configuration, size: 3)
            let backends = try await withThrowingTaskGroup(of: Int32.self) { group in
                for _ in 0..<60 {
                    group.addTask {
                        try await pool.withConnection { connection in
                            try connection.query("SELECT 1")
                            return connection.backendPID
                        }
                    }
                }
                return try await group.reduce(into: Set<Int32>()) { $0.insert($1) }
            }
            #expect((1...3).contains(backends.count))
            await pool.close()
            let error = await #expect(throws: PostgresError.self) {
                try await pool.withConnection { _ in }
            }
            #expect(error?.condition == .misuse)
        }
    }

    /// Occupies a connection until `release` is called.
    private func occupy(_ pool: PostgresPool) async -> (
        release: () -> Void, done: Task<Void, Never>
    ) {
        let semaphore = DispatchSemaphore(value: 0)
        let started = AsyncStream<Void>.makeStream()
        let done = Task {
            try? await pool.withConnection { _ in
                started.continuation.yield()
                semaphore.wait()
            }
            return
        }
        for await _ in started.stream { break }
        return ({ semaphore.signal() }, done)
    }

    @Test("a wait is bounded in time and in number")
    func bounded() async throws {
        try await TestDatabase.withSchema { configuration in
            let clock = StoppedClock()
            let pool = PostgresPool(
                configuration, size: 1, maximumWaiting: 1, waitTimeout: .seconds(5), clock: clock)
            let (release, done) = await occupy(pool)
            let patient = Task { try await pool.withConnection { _ in 1 } }
            // Two are too many; which of them comes first is open.
            let other = Task { try await pool.withConnection { _ in 2 } }
            clock.wakeOne()
            let results = [await patient.result, await other.result]
            let errors = results.compactMap { result -> PostgresError? in
                guard case .failure(let error) = result else { return nil }
                return error as? PostgresError
            }
            #expect(errors.count == 2)
            #expect(errors.allSatisfy { $0.condition == .exhausted })
            #expect(errors.contains { $0.message.contains("within") })
            #expect(errors.contains { $0.message.contains("callers wait") })
            release()
            await done.value
            let third = try await pool.withConnection { _ in 3 }
            #expect(third == 3)
            await pool.close()
        }
    }

    @Test("a cancelled caller stops waiting")
    func cancelled() async throws {
        try await TestDatabase.withSchema { configuration in
            let pool = PostgresPool(configuration, size: 1, clock: StoppedClock())
            let (release, done) = await occupy(pool)
            let waiting = Task { try await pool.withConnection { _ in 1 } }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            release()
            await done.value
            await pool.close()
        }
    }

    @Test(
        "a broken connection is replaced, and an open transaction does not leak into the next use")
    func health() async throws {
        try await TestDatabase.withSchema { configuration in
            let pool = PostgresPool(configuration, size: 1)
            let first = try await pool.withConnection { connection in
                try connection.script("CREATE TABLE t (id bigint)")
                try connection.script("BEGIN; INSERT INTO t VALUES (1)")
                return connection.backendPID
            }
            let second = try await pool.withConnection { connection in
                let count = try connection.query("SELECT FROM t").count
                return (connection.backendPID, count)
            }
            #expect(second.1 == 0)
            #expect(second.0 != first)
            let admin = try PostgresConnection(configuration)
            try admin.query("SELECT pg_terminate_backend($1, 10000)", [.int32(second.0)])
            let third = try await pool.withConnection { connection in
                try connection.query("SELECT 1")
                return connection.backendPID
            }
            #expect(third != second.0)
            let failed = await #expect(throws: PostgresError.self) {
                try await pool.withConnection { try $0.query("SELECT * FROM absent").count }
            }
            #expect(failed?.sqlState == "42P01")
            await pool.close()
        }
    }

    @Test("a server that is not there is told to each caller")
    func unreachable() async throws {
        let configuration = PostgresConfiguration(
            host: "127.0.0.1", port: 9, database: "maps", user: "ada")
        let pool = PostgresPool(configuration, size: 2)
        for _ in 0..<3 {
            let error = await #expect(throws: PostgresError.self) {
                try await pool.withConnection { _ in }
            }
            #expect(error?.condition == .unreachable)
        }
        await pool.close()
    }
}
