internal import Dispatch
internal import Glibc
internal import NIOCore

/// The engine on one event loop, with its sockets, timer and sync thread.
///
/// `@unchecked Sendable`: everything but ``log(_:)`` happens on the event loop.
final class BrokerServer: BrokerDriver, @unchecked Sendable {
    let engine: BrokerEngine
    let loop: any EventLoop
    private let syncQueues: [SyncLane: DispatchQueue] = [
        .prompt: DispatchQueue(label: "millrace.broker.sync"),
        .background: DispatchQueue(label: "millrace.broker.flush", qos: .utility),
    ]
    private let compactionQueue = DispatchQueue(
        label: "millrace.broker.compaction", qos: .utility)
    private var compactionJob: CompactionJob?
    private let logger: @Sendable (String) -> Void
    var handlers: [UInt64: ConnectionHandler] = [:]
    private var nextConnection: UInt64 = 0
    private var unflushed: [ConnectionHandler] = []
    private var timer: Scheduled<Void>?
    private var timerDue: Int64 = .max
    private var isStopped = false
    private var fileHandles: [ObjectIdentifier: SharedHandle] = [:]

    init(
        engine: BrokerEngine, loop: any EventLoop,
        logger: @escaping @Sendable (String) -> Void
    ) {
        self.engine = engine
        self.loop = loop
        self.logger = logger
        engine.driver = self
    }

    /// ms since 1970.
    var now: Int64 { BrokerServer.now }

    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    func log(_ line: String) { logger(line) }

    /// Makes the handler of a new connection.
    func accept(
        peer: String, host: String, port: Int32, sendsRegions: Bool
    ) -> ConnectionHandler {
        nextConnection += 1
        let client = ClientConnection(number: nextConnection, peer: peer, host: host, port: port)
        return ConnectionHandler(server: self, client: client, sendsRegions: sendsRegions)
    }

    // MARK: What the engine wants

    func send(_ frame: OutgoingFrame?, slot: UInt64, connection: ClientConnection) {
        handlers[connection.number]?.answer(frame, slot: slot)
    }

    /// Answers are flushed together at the end of the event that they belong to.
    func needsFlush(_ handler: ConnectionHandler) {
        if unflushed.isEmpty { loop.execute { self.flushAll() } }
        unflushed.append(handler)
    }

    private func flushAll() {
        let handlers = unflushed
        unflushed = []
        for handler in handlers { handler.flushIfNeeded() }
    }

    func close(_ connection: ClientConnection, reason: String) {
        handlers[connection.number]?.closeAfterAnswers(reason)
    }

    func syncWanted(_ lane: SyncLane) {
        // At the end of this event: what else it writes shares the sync.
        loop.execute { self.sync(lane) }
    }

    private func sync(_ lane: SyncLane) {
        guard !isStopped else { return }
        let jobs = engine.takeSyncJobs(lane)
        guard !jobs.isEmpty else { return }
        syncQueues[lane]?.async {
            let results = jobs.map { (job: $0.number, error: $0.run()) }
            self.loop.execute {
                self.engine.finishSync(results, in: lane, now: self.now)
                self.scheduleTick()
            }
        }
    }

    func compactionWanted(_ job: CompactionJob) {
        guard !isStopped else { return }
        compactionJob = job
        compactionQueue.async {
            job.run()
            self.loop.execute {
                self.compactionJob = nil
                guard !self.isStopped else { return }
                self.engine.finishCompaction(job, now: self.now)
                self.scheduleTick()
            }
        }
    }

    // MARK: Time

    /// Starts the timer.
    func begin() {
        scheduleTick()
        for lane in SyncLane.allCases { syncWanted(lane) }
    }

    /// Sets the timer to the engine's next deadline.
    func scheduleTick() {
        let due = engine.nextWake
        guard !isStopped, due < timerDue else { return }
        timer?.cancel()
        timerDue = due
        let delay = max(0, due - now)
        timer = loop.scheduleTask(in: .milliseconds(delay)) {
            self.timerDue = .max
            self.engine.tick(now: self.now)
            self.scheduleTick()
        }
    }

    /// Ends everything; the engine has written its state when this returns.
    func stop() throws {
        guard !isStopped else { return }
        isStopped = true
        timer?.cancel()
        for handler in handlers.values { handler.disconnect() }
        compactionJob?.cancel()
        compactionQueue.sync {}
        for queue in syncQueues.values { queue.sync {} }
        try engine.close()
    }

    // MARK: Files on their way out

    /// A descriptor of its own for the kernel to send from, kept as long as the file is.
    func handle(for file: any LogFile, descriptor: Int32) -> SharedHandle? {
        let key = ObjectIdentifier(file)
        if let shared = fileHandles[key], shared.file === file { return shared }
        fileHandles = fileHandles.filter { $0.value.file != nil }
        if fileHandles.count >= Self.maximumHandles { fileHandles = [:] }
        guard let shared = SharedHandle(file: file, descriptor: descriptor) else { return nil }
        fileHandles[key] = shared
        return shared
    }

    /// How many files are held open for sending.
    private static let maximumHandles = 256
}

/// A descriptor that is closed when no answer needs it any more.
final class SharedHandle {
    private(set) weak var file: (any LogFile)?
    let handle: NIOFileHandle

    init?(file: any LogFile, descriptor: Int32) {
        let copy = dup(descriptor)
        guard copy >= 0 else { return nil }
        self.file = file
        handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: copy)
    }

    deinit {
        try? handle.close()
    }
}
