internal import BrokerModel
package import Records

/// A single-node broker without sockets, threads or clock: requests and the time go in, answers
/// come out through its driver.
///
/// Everything happens on the caller's thread; only ``SyncJob``s are run elsewhere. Requests are
/// answered in any order; the driver sends the answers of one connection in the order of their
/// requests.
package final class BrokerEngine {
    let configuration: BrokerConfiguration
    let files: any FileLayer
    package weak var driver: (any BrokerDriver)? {
        didSet {
            // What was said before there was anybody to hear it.
            let lines = heldLines
            heldLines = []
            for line in lines { driver?.log(line) }
        }
    }

    var topics: [String: Topic] = [:]
    var topicsByID: [TopicID: Topic] = [:]
    var groups: GroupCoordinator
    var offsets = OffsetStore()
    var transactions: TransactionCoordinator
    var clusterID = ""
    var journal: Journal?
    var generator: SeededGenerator
    /// Producer ids below this are in the journal.
    var reservedProducerIDs: Int64 = 0
    /// What the transaction coordinator wants and the disk has not taken yet.
    var heldEffects: [TransactionCoordinator.Effect] = []
    /// Decided transactions whose end the disk has not taken yet.
    var heldEnds: [(transaction: Transaction, commit: Bool)] = []

    /// Requests that a coordinator answers later.
    var waiting: [ReplyToken: RequestContext] = [:]
    var tokenNumber: UInt64 = 0
    /// Reads that wait, by deadline.
    var fetches: [PendingFetch] = []

    // Durability
    var dirty: [ObjectIdentifier: Partition] = [:]
    var journalWaiters: [JournalWaiter] = []
    /// When the oldest entry that no sync was made for was written, in ms.
    var journalDirtySince: Int64?
    var isJournalSyncWanted = false
    /// The lanes whose syncs are under way.
    var syncing: Set<SyncLane> = []
    /// The lanes that the driver was asked to sync.
    var wantedLanes: Set<SyncLane> = []
    var syncTargets: [UInt64: SyncTarget] = [:]
    var jobNumber: UInt64 = 0
    /// Topics that are deleted and whose files are still there.
    var removedTopics: [String: [String]] = [:]

    // Maintenance
    var nextMaintenance: Int64 = 0
    /// The partition that is being compacted, and its topic, which may be deleted meanwhile.
    var compacting: (partition: Partition, topic: Topic)?

    /// Answers that are held back on purpose, by the time at which they go out.
    var delayedActions: [(due: Int64, action: () -> Void)] = []
    /// The time of the event under way, in ms since 1970.
    var clock: Int64
    private var heldLines: [String] = []
    /// How many lines are held until there is a driver.
    private static let maximumHeldLines = 1_000

    /// This broker's number.
    package static let nodeID: Int32 = 0

    /// Opens the data directory and recovers what is in it.
    ///
    /// - Throws: ``FileError`` when the folder can't be read or written.
    package init(
        configuration: BrokerConfiguration, files: any FileLayer, now: Int64
    ) throws(FileError) {
        self.configuration = configuration
        self.files = files
        generator = SeededGenerator(seed: configuration.seed)
        groups = GroupCoordinator(limits: configuration.groups, seed: generator.next())
        transactions = TransactionCoordinator(limits: configuration.transactions)
        nextMaintenance = now + configuration.maintenanceInterval
        clock = now
        try recover(now: now)
    }

    // MARK: Requests

    /// Takes one request.
    ///
    /// - Parameters:
    ///   - frame: the request without its length; valid during the call only.
    ///   - slot: the request's number on its connection.
    ///   - now: ms since 1970.
    /// - Throws: ``CodecError`` when the connection has to be closed.
    package func handle(
        _ frame: UnsafeRawBufferPointer, slot: UInt64, connection: ClientConnection, now: Int64
    ) throws(CodecError) {
        clock = now
        if connection.authentication == .plain {
            return try authenticateRaw(frame, slot: slot, connection: connection)
        }
        var reader = ByteReader(frame)
        var header = try RequestHeader(start: &reader)
        guard let key = APIKey(rawValue: header.apiKey), let served = Self.served[key] else {
            throw .malformed("API \(header.apiKey) is not served")
        }
        if key == .apiVersions, !served.versions.contains(header.version) {
            let context = RequestContext(
                connection: connection, slot: slot, key: header.apiKey, version: 0,
                correlationID: header.correlationID, clientID: "", isFlexible: false)
            return reply(apiVersions(error: .unsupportedVersion), to: context)
        }
        guard served.versions.contains(header.version) else {
            throw .malformed("\(key) has no version \(header.version)")
        }
        let isFlexible = header.version >= served.flexible
        try header.readRest(&reader, isFlexible: isFlexible)
        let context = RequestContext(
            connection: connection, slot: slot, key: header.apiKey, version: header.version,
            correlationID: header.correlationID, clientID: header.clientID ?? "",
            isFlexible: isFlexible)
        try admit(key, context)
        try dispatch(key, context, reader: reader, frame: frame, now: now)
        drainEffects(now: now)
    }

    /// Reads the rest of a request.
    func read<M: Message>(
        _ type: M.Type, _ context: RequestContext, _ reader: ByteReader
    ) throws(CodecError) -> M {
        // As Kafka does, bytes behind the message are passed over: librdkafka sends some.
        try FieldReader.read(
            M.self, version: context.version, from: reader, mayHaveMore: true)
    }

    /// Answers a request.
    func reply<M: Message>(
        _ message: M, to context: RequestContext, parts slices: [PartitionStore.Slice] = []
    ) {
        var head = ByteWriter(capacity: 256)
        head.bigEndian(0 as Int32)
        head.bigEndian(context.correlationID)
        // The answer to ApiVersions must be readable by a client that knows no version of it.
        if context.isFlexible, context.key != APIKey.apiVersions.rawValue { head.varint(0) }
        let written = FieldWriter.write(message, version: context.version, behind: head)
        var parts: [OutgoingFrame.Part] = []
        var external = 0
        for (insertion, slice) in zip(written.insertions, slices) {
            external += insertion.count
            parts.append(
                OutgoingFrame.Part(
                    position: insertion.position, file: slice.segment.file, range: slice.range))
        }
        var writer = written.writer
        let length = UInt32(truncatingIfNeeded: writer.count - 4 + external)
        writer.patch(length.bigEndian, at: 0)
        driver?.send(
            OutgoingFrame(bytes: writer.bytes, parts: parts), slot: context.slot,
            connection: context.connection)
    }

    /// A request has no answer.
    func noReply(to context: RequestContext) {
        driver?.send(nil, slot: context.slot, connection: context.connection)
    }

    /// Keeps a request for an answer that comes later.
    func token(for context: RequestContext) -> ReplyToken {
        tokenNumber += 1
        let token = ReplyToken(tokenNumber)
        waiting[token] = context
        return token
    }

    /// The connection is gone: reads that waited for it are dropped.
    package func closed(_ connection: ClientConnection) {
        for fetch in fetches where fetch.context.connection === connection { fetch.isDone = true }
        removeFinishedFetches()
    }

    // MARK: Time

    /// The next time at which ``tick(now:)`` has something to do, in ms since 1970.
    package var nextWake: Int64 {
        var next = nextMaintenance
        for fetch in fetches where !fetch.isDone { next = min(next, fetch.deadline) }
        if let deadline = groups.nextDeadline { next = min(next, deadline) }
        if let deadline = transactions.nextDeadline { next = min(next, deadline) }
        if let deadline = nextFlush { next = min(next, deadline) }
        for delayed in delayedActions { next = min(next, delayed.due) }
        return next
    }

    /// Does what is due.
    package func tick(now: Int64) {
        clock = now
        expireFetches(now: now)
        let ready = delayedActions.filter { $0.due <= now }
        delayedActions.removeAll { $0.due <= now }
        for delayed in ready { delayed.action() }
        if let deadline = groups.nextDeadline, deadline <= now { groups.tick(now: now) }
        if let deadline = transactions.nextDeadline, deadline <= now {
            transactions.tick(now: now)
        }
        if let deadline = nextFlush, deadline <= now { flushDue(now: now) }
        if nextMaintenance <= now {
            nextMaintenance = now + configuration.maintenanceInterval
            maintain(now: now)
        }
        drainEffects(now: now)
    }

    /// A line for the log.
    func log(_ line: String) {
        if let driver { return driver.log(line) }
        if heldLines.count < Self.maximumHeldLines { heldLines.append(line) }
    }
}
