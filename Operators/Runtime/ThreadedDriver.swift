public import Dataflow
internal import Foundation
public import Records
internal import Synchronization

/// Runs lanes on threads: one thread per core, each with its share of every stage, nothing shared.
///
/// The record path knows no lock, no actor and no `async`: a thread turns its lanes one after the other
/// and waits, when none had anything to do, for its readers.
public final class ThreadedDriver: Sendable {
    /// Makes the lanes of one thread, on that thread; `mailbox` brings what others push to them.
    public typealias MakeLanes = @Sendable (_ thread: Int, _ mailbox: Mailbox) throws -> [StageLane]

    /// How long a thread with nothing to do waits for its readers, in real milliseconds.
    static let idleWaitMilliseconds = 2

    private struct State {
        var requests: [[Request]]
        var running: Int
        var failure: DataflowError?
        var snapshots: [[LaneStatus]]
    }

    /// What a thread is asked to do beside its work.
    private enum Request {
        case finish(stage: String)
        case recordingEnded(EventTime)
        case stop
    }

    private let state: Mutex<State>
    private let mailboxes: [Mailbox]
    private let condition = NSCondition()

    /// Starts the threads.
    public init(threads: Int, name: String, makeLanes: @escaping MakeLanes) {
        state = Mutex(
            State(
                requests: Array(repeating: [], count: threads), running: threads,
                snapshots: Array(repeating: [], count: threads)))
        mailboxes = (0..<threads).map { _ in Mailbox() }
        for index in 0..<threads {
            let thread = Thread { [self] in main(index, makeLanes) }
            thread.name = "\(name)-\(index)"
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    /// The mailboxes of the threads, for whoever pushes records.
    public var doors: [Mailbox] { mailboxes }

    /// Asks the lanes of a stage to end at the present ends of their inputs.
    public func finish(stage: String) {
        state.withLock { state in
            for index in state.requests.indices {
                state.requests[index].append(.finish(stage: stage))
            }
        }
    }

    /// Tells all lanes that the recording which their inputs held has ended, with its newest event time.
    ///
    /// Event time passes it by what is needed to decide on it all; inputs that are asked to end afterwards end
    /// there, and not for good.
    public func endRecording(at newest: EventTime) {
        state.withLock { state in
            for index in state.requests.indices {
                state.requests[index].append(.recordingEnded(newest))
            }
        }
    }

    /// Asks all lanes to commit and stop.
    public func stop() {
        state.withLock { state in
            for index in state.requests.indices { state.requests[index].append(.stop) }
        }
    }

    /// Whether every lane of a stage, or of all, has come to its end.
    public func hasStopped(stage: String? = nil) -> Bool {
        state.withLock { state in
            state.running == 0
                || (stage != nil
                    && state.snapshots.allSatisfy { lanes in
                        !lanes.isEmpty
                            && lanes.allSatisfy { $0.stage != stage || $0.isStopped }
                    })
        }
    }

    /// The first failure of any lane.
    public var failure: DataflowError? { state.withLock { $0.failure } }

    /// How every lane stands, as of a moment ago.
    public var status: [LaneStatus] { state.withLock { $0.snapshots.flatMap { $0 } } }

    /// Waits until all threads have ended; blocks the caller.
    public func join() {
        condition.lock()
        while state.withLock({ $0.running > 0 }) { condition.wait() }
        condition.unlock()
    }

    // MARK: One thread

    private func main(_ index: Int, _ makeLanes: MakeLanes) {
        var lanes: [StageLane] = []
        do {
            lanes = try makeLanes(index, mailboxes[index])
            loop(index, &lanes)
        } catch {
            note(
                error as? DataflowError
                    ?? DataflowError(.invariant, domain: .internal, "could not start: \(error)"))
        }
        for lane in lanes {
            lane.services.reader?.close()
            lane.services.writer?.close()
        }
        mailboxes[index].close()
        condition.lock()
        state.withLock { $0.running -= 1 }
        condition.broadcast()
        condition.unlock()
    }

    private func loop(_ index: Int, _ lanes: inout [StageLane]) {
        var rotation = 0
        var rounds = 0
        while true {
            var worked = false
            for request in takeRequests(index) { apply(request, to: lanes) }
            for push in mailboxes[index].take() {
                worked = true
                lanes.first { $0.worker.stage.name == push.stage }?
                    .handle(.pushed(ticket: push.ticket, values: push.values))
            }
            for lane in lanes where lane.turn() { worked = true }
            rounds += 1
            if !worked || rounds % 64 == 0 { publish(index, lanes) }
            let failure = lanes.lazy.compactMap(\.failure).first
            if let failure {
                note(failure)
                // One stage's end is no reason to lose the others' work: they commit and stop.
                for lane in lanes where !lane.isStopped { lane.handle(.stop) }
            }
            if lanes.allSatisfy(\.isStopped) {
                publish(index, lanes)
                return
            }
            if !worked { rest(index, lanes, &rotation) }
        }
    }

    /// Waits for one of the readers in turn, or for a push.
    private func rest(_ index: Int, _ lanes: [StageLane], _ rotation: inout Int) {
        let readers = lanes.filter { !$0.isStopped }.compactMap(\.services.reader)
        if readers.isEmpty {
            mailboxes[index].wait(milliseconds: ThreadedDriver.idleWaitMilliseconds)
        } else {
            rotation = (rotation + 1) % readers.count
            readers[rotation].wait(milliseconds: ThreadedDriver.idleWaitMilliseconds)
        }
    }

    private func takeRequests(_ index: Int) -> [Request] {
        state.withLock { state in
            defer { state.requests[index] = [] }
            return state.requests[index]
        }
    }

    private func apply(_ request: Request, to lanes: [StageLane]) {
        for lane in lanes where !lane.isStopped {
            switch request {
            case .stop: lane.handle(.stop)
            case .recordingEnded(let newest): lane.handle(.recordingEnded(newest))
            case .finish(let stage):
                if lane.worker.stage.name == stage { lane.finishAtPresentEnds() }
            }
        }
    }

    private func publish(_ index: Int, _ lanes: [StageLane]) {
        let status = lanes.map { lane in
            LaneStatus(
                stage: lane.worker.stage.name, thread: index, isStopped: lane.isStopped,
                failure: lane.failure, progress: lane.worker.progress,
                counters: lane.worker.counters, stateSizes: lane.worker.stateSizes,
                obstacles: lane.worker.obstacles, failures: lane.countedFailures,
                commits: lane.commits)
        }
        state.withLock { $0.snapshots[index] = status }
    }

    private func note(_ error: DataflowError) {
        state.withLock { state in
            if state.failure == nil { state.failure = error }
        }
    }
}

/// How one stage stands on one thread.
public struct LaneStatus: Sendable {
    /// The stage.
    public let stage: String
    /// The thread.
    public let thread: Int
    /// Whether it has come to its end.
    public let isStopped: Bool
    /// What it ended with.
    public let failure: DataflowError?
    /// Its tasks' inputs.
    public let progress: [TaskProgress]
    /// What its operators have counted.
    public let counters: [TaskContext.Counter]
    /// What its operators keep.
    public internal(set) var stateSizes: [OperatorID: StateSize] = [:]
    /// What keeps partitions from being read.
    public internal(set) var obstacles: [Obstacle] = []
    /// How often what was attempted has failed, by attempt and code.
    public internal(set) var failures: [String: Int] = [:]
    /// What its commits have taken.
    public internal(set) var commits = CommitTimes()
}
