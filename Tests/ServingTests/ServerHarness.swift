import LocationIngest
import Logging
import Records
import Serving
import Synchronization

/// Ten past three in the afternoon of 2016-11-22, UTC: the clock of these tests.
let testNow = EventTime(milliseconds: 1_479_827_400_000)

/// Takes nothing down: these servers are cancelled, which is an error to hummingbird.
let quietLogger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// Seconds for whatever a test does not mean to run out of, on a machine that is slow.
let patientSeconds = 60.0

/// Runs a server on a free port for as long as `body` takes.
func withServer(
    _ routes: [HTTPRoute], metrics: String? = nil,
    _ change: (inout IngestServerConfiguration) -> Void = { _ in },
    _ body: (IngestServer, Int) async throws -> Void
) async throws {
    var configuration = IngestServerConfiguration()
    configuration.port = 0
    configuration.requestSeconds = patientSeconds
    configuration.idleSeconds = 5 * patientSeconds
    change(&configuration)
    let server = try IngestServer(
        configuration, routes: routes, metrics: metrics.map(constant),
        logger: quietLogger)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        try await body(server, try await server.port)
        group.cancelAll()
        try await group.waitForAll()
    }
}

/// Takes locations as the pipeline's door does, but for the log.
struct LocationDoor: Sendable {
    let taken = Counter()

    var route: HTTPRoute {
        .post("/v1/locations") { request in
            do throws(RequestRefusal) {
                let decoded = try LocationBatchDecoder().decode(request.body, now: testNow)
                taken.add(decoded.accepted.count)
                return .outcome(
                    accepted: decoded.accepted.count,
                    rejected: decoded.rejected.map {
                        RejectedElement(index: $0.index, reason: $0.reason.rawValue)
                    })
            } catch {
                return .error(error.status, code: error.code, message: error.message)
            }
        }
    }
}

/// A number that several tasks count up.
final class Counter: Sendable {
    private let number = Mutex(0)

    var value: Int { number.withLock { $0 } }

    @discardableResult
    func add(_ count: Int) -> Int {
        number.withLock { number in
            number += count
            return number
        }
    }
}

/// A door that is shut until it is opened; who comes waits.
final class Latch: Sendable {
    private struct State {
        var isOpen = false
        var arrived = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    /// Arrives, and waits until the latch is open.
    func pass() async {
        await withCheckedContinuation { continuation in
            let ready: [CheckedContinuation<Void, Never>] = state.withLock { state in
                state.arrived += 1
                let arrived = state.arrived
                var ready = state.watchers.filter { $0.count <= arrived }.map(\.continuation)
                state.watchers.removeAll { $0.count <= arrived }
                if state.isOpen {
                    ready.append(continuation)
                } else {
                    state.waiting.append(continuation)
                }
                return ready
            }
            for continuation in ready { continuation.resume() }
        }
    }

    /// Waits until `count` have arrived.
    func arrivals(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                if state.arrived >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isReached { continuation.resume() }
        }
    }

    /// Lets everybody through, now and later.
    func open() {
        let waiting = state.withLock { state in
            let waiting = state.waiting
            state.waiting = []
            state.isOpen = true
            return waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

private func constant(_ text: String) -> @Sendable () async -> String {
    { text }
}
