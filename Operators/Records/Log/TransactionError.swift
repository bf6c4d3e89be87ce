/// Why a step of a transaction failed, and what is left to do.
public struct TransactionError: Error, CustomStringConvertible {
    /// What is left to do.
    public enum Remedy: String, Hashable, Sendable {
        /// The same step may be taken again.
        case retriable
        /// The transaction can only be aborted; the writer goes on.
        case abortable
        /// Another writer took the transactional id over: stop, somebody else owns the task.
        case fenced
        /// The writer is out of use; make another with the same transactional id. What became of its
        /// transaction is unknown until then.
        case fatal
    }

    /// What is left to do.
    public var remedy: Remedy
    /// What happened.
    public var error: DataflowError

    /// Makes an error; what it says about retrying follows from the remedy, unless it is a user's fault that the same
    /// call will meet again.
    public init(_ remedy: Remedy, _ error: DataflowError) {
        self.remedy = remedy
        self.error = error
        if remedy == .fenced { self.error.code = .fenced }
        if remedy == .retriable {
            self.error.retry = .backoff
        } else if error.domain != .user || error.retry != .never {
            self.error.retry = .restart
        }
    }

    /// The remedy and the error.
    public var description: String { "\(remedy.rawValue): \(error)" }
}
