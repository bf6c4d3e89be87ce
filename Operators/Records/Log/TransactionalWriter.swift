/// A log writer whose records become visible all together, with the offsets of a consumer group, or never.
///
/// It bears a transactional id: of all writers with one id only the last that called ``takeOver()`` can write.
/// What is written between ``begin()`` and ``commit()`` belongs to one transaction. Every step throws
/// ``TransactionError``; after `.fatal` and `.fenced` the writer can only be closed.
public protocol TransactionalWriter: LogWriter {
    /// Takes the transactional id over, once, before the first transaction: earlier writers are fenced, and
    /// what they left open is aborted, or completed where its outcome had been decided.
    func takeOver() throws

    /// Begins a transaction.
    func begin() throws

    /// Makes a group's offsets part of the transaction.
    ///
    /// - Parameter identity: read from the group's member immediately before.
    func send(
        _ offsets: [TopicPartition: CommittedOffset], as identity: any GroupIdentity
    ) throws

    /// Writes out what is under way and commits.
    func commit() throws

    /// Drops what is under way and aborts.
    func abort() throws

    /// Whether it can go on with nothing but its open transaction, and another one has to come behind it.
    var mustBeReplaced: Bool { get }
}

extension TransactionalWriter {
    /// It can go on.
    public var mustBeReplaced: Bool { false }
}
