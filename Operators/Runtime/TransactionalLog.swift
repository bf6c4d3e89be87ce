public import Records
public import State

/// The commit authority of stages whose outputs are topics, exactly once: one transaction of the thread's
/// producer holds the outputs of all its tasks and then the group's offsets, each with its checkpoint's name.
///
/// It is the stage's writer as well, so that nothing is written outside of a transaction. After anything but a
/// clean success the transaction is aborted where that is certain to be possible; else the producer is
/// destroyed and another made with the same transactional id, whose first step settles what the old one left
/// open. Only then does a claim read the group's offsets. It belongs to one thread.
public final class TransactionalLog: LogWriter, CommitAuthority {
    /// Makes a client that bears a transactional id.
    public typealias MakeWriter = (_ transactionalID: String) throws -> any TransactionalWriter

    /// How often a step that may be taken again is taken again at once.
    static let maximumStepAttempts = 3

    private let prefix: String
    private let reader: any LogReader
    private let positions: LogAuthority
    private let slots: any SlotHolder
    private let makeWriter: MakeWriter
    private let reached: (CrashPoint) throws -> Void
    private var writer: (any TransactionalWriter)?
    private var slot: Int32 = -1
    /// Whether the writer has taken its transactional id over.
    private var isReady = false
    /// Whether a transaction is open.
    private var isOpen = false
    /// Whether a writer was destroyed whose transaction may not have come to its end.
    private var isUnsettled = false
    /// The first token of the open transaction: reports of earlier ones tell of what was aborted.
    private var firstToken: UInt64 = .max

    /// Makes the authority of one stage on one thread; no client is made yet.
    ///
    /// - Parameters:
    ///   - reader: the thread's member of the stage's group.
    ///   - reached: told where in the protocol it stands; what it throws goes to the caller unchanged.
    public init(
        run: String, stage: String, reader: any LogReader, slots: any SlotHolder,
        reached: @escaping (CrashPoint) throws -> Void = { _ in },
        makeWriter: @escaping MakeWriter
    ) {
        prefix = "\(run).\(stage)"
        self.reader = reader
        positions = LogAuthority(reader)
        self.slots = slots
        self.makeWriter = makeWriter
        self.reached = reached
    }

    // MARK: The producer

    private func client() throws -> any TransactionalWriter {
        let held = try slots.hold()
        if let writer, held == slot { return writer }
        if isOpen {
            // Somebody has this thread's slot: its transaction is about to be fenced.
            replace()
            throw DataflowError(
                .fenced, domain: .external, retry: .restart,
                "the slot \(slot) of \(prefix) was taken over")
        }
        writer?.close()
        let made = try makeWriter("\(prefix).\(held)")
        writer = made
        slot = held
        isReady = false
        return made
    }

    /// A writer to ask something: the one that is there, whoever has its slot by now.
    ///
    /// Only a write or a commit may find out that the slot is gone, as whoever does must hear that the open
    /// transaction is gone with it.
    private func anyClient() throws -> any TransactionalWriter {
        if let writer { return writer }
        return try client()
    }

    /// The writer, ready for a transaction: whatever its predecessor left open has come to its end.
    private func ready() throws -> any TransactionalWriter {
        let writer = try client()
        if isReady { return writer }
        do {
            try repeated { try writer.takeOver() }
        } catch {
            replace()
            // Nothing was begun; to take over again later is safe, and all there is to do.
            var error = plain(error)
            if error.retry == .restart { error.retry = .backoff }
            throw error
        }
        isReady = true
        isUnsettled = false
        return writer
    }

    private func begin(_ token: UInt64) throws -> any TransactionalWriter {
        let writer = try ready()
        if isOpen { return writer }
        do {
            try writer.begin()
        } catch {
            replace()
            throw error
        }
        isOpen = true
        firstToken = token
        return writer
    }

    /// Destroys the writer; the next one bears the same transactional id.
    private func replace() {
        writer?.close()
        writer = nil
        isReady = false
        isUnsettled = isUnsettled || isOpen
        isOpen = false
        firstToken = .max
    }

    /// Takes a step, and takes it again as long as that is allowed.
    private func repeated(_ step: () throws -> Void) throws {
        for attempt in 1... {
            do {
                return try step()
            } catch let error as TransactionError where error.remedy == .retriable {
                if attempt >= TransactionalLog.maximumStepAttempts { throw error }
            }
        }
    }

    // MARK: LogWriter

    /// How many partitions a topic has.
    public func partitionCount(of topic: String) throws -> Int32 {
        try anyClient().partitionCount(of: topic)
    }

    /// The most bytes of a record.
    public func recordBound(of topic: String) -> Int {
        // A client that can't be made now is made, or told of, when something is written.
        (try? anyClient())?.recordBound(of: topic) ?? .max
    }

    /// Writes into the open transaction, or begins one.
    public func write(_ batch: OutputBatch, token: UInt64) throws {
        do {
            try begin(token).write(batch, token: token)
        } catch let error as TransactionError {
            throw error.error
        }
    }

    /// The fate of what the open transaction holds; what was aborted is nobody's concern.
    public func poll() -> [DeliveryReport] {
        // Also keeps the slot while there is nothing to commit.
        _ = try? slots.hold()
        return (writer?.poll() ?? []).filter { $0.error == nil || $0.token >= firstToken }
    }

    /// Waits until what the transaction holds is acknowledged.
    public func flush(timeoutMilliseconds: Int) throws {
        if isOpen { try writer?.flush(timeoutMilliseconds: timeoutMilliseconds) }
    }

    /// Ends the transaction if one is open, and gives the slot back.
    public func close() {
        try? abandon()
        writer?.close()
        writer = nil
        slots.release()
    }

    // MARK: CommitAuthority

    /// Reads the group's offsets, behind the end of every transaction that may still change them.
    public func claim(_ task: TaskID, inputs: [TopicPartition]) throws -> CommitPosition? {
        if isUnsettled { _ = try ready() }
        return try positions.claim(task, inputs: inputs)
    }

    /// Commits outputs and offsets in one transaction.
    ///
    /// - Throws: an error with retry `.restart`, whatever it was: each task of the transaction is to be claimed
    ///   anew.
    public func decide(_ decisions: [CommitDecision]) throws {
        let offsets = LogAuthority.offsets(of: decisions)
        if offsets.isEmpty, !isOpen { return }
        var mayBeDecided = false
        do {
            let writer = try begin(.max)
            let identity = try checkedIdentity(offsets.keys.sorted())
            try repeated { try writer.send(offsets, as: identity) }
            try reached(.offsetsSent)
            mayBeDecided = true
            try repeated { try writer.commit() }
            isOpen = false
            firstToken = .max
        } catch  where error is TransactionError || error is DataflowError {
            let isAbortable = (error as? TransactionError)?.remedy == .abortable
            if mayBeDecided, !isAbortable { replace() } else { try settle() }
            throw restart(error)
        }
    }

    /// Aborts the open transaction, or destroys the producer where that fails.
    public func abandon() throws {
        if isOpen { try settle() }
    }

    private func settle() throws {
        guard isOpen, let writer else { return }
        do {
            try repeated { try writer.abort() }
            isOpen = false
            firstToken = .max
            // What was aborted is reported as failed.
            _ = writer.poll()
            if writer.mustBeReplaced { replace() }
        } catch is TransactionError {
            replace()
        }
    }

    /// Who this member is at this moment, if it may commit for these partitions: a cluster checks nothing for
    /// a generation below 0, and nobody checks that the partitions are this member's.
    private func checkedIdentity(_ partitions: [TopicPartition]) throws -> any GroupIdentity {
        let identity = try reader.identity()
        guard identity.generation >= 0, !identity.memberID.isEmpty, reader.owns(partitions) else {
            throw DataflowError(
                .fenced, domain: .external, retry: .restart,
                "the group no longer gives this member the partitions of the commit")
        }
        return identity
    }

    private func plain(_ error: any Error) -> DataflowError {
        (error as? TransactionError)?.error ?? error as? DataflowError
            ?? DataflowError(.invariant, domain: .internal, "unexpected error: \(error)")
    }

    private func restart(_ error: any Error) -> DataflowError {
        var error = plain(error)
        error.retry = .restart
        return error
    }
}
