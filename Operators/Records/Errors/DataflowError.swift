/// What went wrong in a pipeline, whose fault it is, and whether trying again may help.
///
/// Payloads and secrets are never part of it: a record is named by where it lies.
public struct DataflowError: Error, Sendable {
    /// A stable word for the kind of failure; new ones may be added without breaking anyone.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// The word as it stands in logs and metrics.
        public let rawValue: String

        /// Makes a code from its word.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// A pipeline definition or its parameters make no sense.
        public static let invalidDefinition = Code(rawValue: "invalid-definition")
        /// A configuration file or value can't be used.
        public static let invalidConfiguration = Code(rawValue: "invalid-configuration")
        /// A record could not be decoded.
        public static let undecodable = Code(rawValue: "undecodable")
        /// A record was decoded and refused.
        public static let rejected = Code(rawValue: "rejected")
        /// A record came behind its window's allowed lateness.
        public static let late = Code(rawValue: "late")
        /// User code threw.
        public static let operatorFailed = Code(rawValue: "operator-failed")
        /// The log could not be read or written.
        public static let logUnavailable = Code(rawValue: "log-unavailable")
        /// The database could not be reached or refused the work.
        public static let databaseUnavailable = Code(rawValue: "database-unavailable")
        /// A table does not take what the sink writes.
        public static let tableMismatch = Code(rawValue: "table-mismatch")
        /// A checkpoint could not be written or read.
        public static let storeUnavailable = Code(rawValue: "store-unavailable")
        /// A checkpoint is damaged.
        public static let corruptCheckpoint = Code(rawValue: "corrupt-checkpoint")
        /// A checkpoint was written by a program that keeps its state differently.
        public static let incompatibleState = Code(rawValue: "incompatible-state")
        /// Somebody else owns what this task was about to commit.
        public static let fenced = Code(rawValue: "fenced")
        /// The log no longer has the offset at which a task would go on.
        public static let offsetOutOfRange = Code(rawValue: "offset-out-of-range")
        /// A bound was reached; the message names it.
        public static let limitExceeded = Code(rawValue: "limit-exceeded")
        /// Something that the program's own logic excludes.
        public static let invariant = Code(rawValue: "invariant")
    }

    /// Whose fault a failure is.
    public enum Domain: String, Hashable, Sendable {
        /// The pipeline's author, its configuration or its input.
        case user
        /// A broker, a database, a disk, a network.
        case external
        /// Millrace itself.
        case `internal`
    }

    /// Whether the same call may succeed later.
    public enum Retry: String, Hashable, Sendable {
        /// The same call will fail again.
        case never
        /// The same call may succeed after a pause.
        case backoff
        /// The task must read its authority and start from what that names.
        case restart
    }

    /// The kind of failure.
    public var code: Code
    /// Whose fault it is.
    public var domain: Domain
    /// Whether trying again may help.
    public var retry: Retry
    /// One sentence for a person; no payload, no secret.
    public var message: String
    /// The operator at which it happened, where one is known.
    public var operatorID: OperatorID?
    /// The partition that was being read or written.
    public var partition: TopicPartition?
    /// The record's place in that partition.
    public var offset: Offset?

    /// Makes an error; the place can be filled in by whoever knows it.
    public init(
        _ code: Code, domain: Domain, retry: Retry = .never, _ message: String,
        operatorID: OperatorID? = nil, partition: TopicPartition? = nil, offset: Offset? = nil
    ) {
        self.code = code
        self.domain = domain
        self.retry = retry
        self.message = message
        self.operatorID = operatorID
        self.partition = partition
        self.offset = offset
    }
}

extension DataflowError: CustomStringConvertible {
    /// `code (domain): message [operator o, topic/partition @ offset]`.
    public var description: String {
        var place: [String] = []
        if let operatorID { place.append("operator \(operatorID)") }
        if let partition {
            place.append(offset.map { "\(partition) @ \($0)" } ?? "\(partition)")
        } else if let offset {
            place.append("offset \(offset)")
        }
        let suffix = place.isEmpty ? "" : " [\(place.joined(separator: ", "))]"
        return "\(code.rawValue) (\(domain.rawValue)): \(message)\(suffix)"
    }
}
