/// When a topic's records are made durable.
package enum FlushPolicy: Hashable, Sendable {
    /// Before acks=all is answered and before readers see them; what comes meanwhile shares the
    /// next sync.
    case ack
    /// In the background, at the latest so many ms after they came.
    case interval(Int64)
    /// When the system does it.
    case system

    /// `ack`, `os`, or a number of ms.
    package init?(_ text: String) {
        switch text {
        case "ack": self = .ack
        case "os": self = .system
        default:
            guard let milliseconds = Int64(text), milliseconds > 0 else { return nil }
            self = .interval(milliseconds)
        }
    }

    /// The form that ``init(_:)`` reads.
    package var text: String {
        switch self {
        case .ack: "ack"
        case .interval(let milliseconds): String(milliseconds)
        case .system: "os"
        }
    }
}

/// The configuration of a topic, by the names that Kafka gives its values.
package struct TopicConfig: Hashable, Sendable {
    /// What was set for the topic; everything else has its default.
    package private(set) var overrides: [String: String]
    private let defaultFlush: FlushPolicy

    package init(overrides: [String: String] = [:], defaultFlush: FlushPolicy) {
        self.overrides = overrides
        self.defaultFlush = defaultFlush
        refresh()
    }

    /// What kind of value a name has.
    package enum Kind: Sendable {
        /// A number of 32 bits.
        case integer(ClosedRange<Int32>)
        /// A number of 64 bits.
        case long(ClosedRange<Int64>)
        /// A share from 0 to 1.
        case ratio
        case boolean
        case choice([String])
        case list([String])
        /// Pairs of a partition and a broker, or a star for all.
        case replicas
        case text
    }

    /// A value that a topic may set.
    package struct Definition: Sendable {
        package let name: String
        package let kind: Kind
        package let standard: String
    }

    /// Everything that a topic may set, by name.
    ///
    /// `flush` is this broker's own.
    package static let definitions: [Definition] = [
        Definition(name: "cleanup.policy", kind: .list(["delete", "compact"]), standard: "delete"),
        Definition(name: "compression.gzip.level", kind: .integer(-1...9), standard: "-1"),
        Definition(name: "compression.lz4.level", kind: .integer(1...17), standard: "9"),
        Definition(
            name: "compression.type",
            kind: .choice(["uncompressed", "gzip", "snappy", "lz4", "zstd", "producer"]),
            standard: "producer"),
        Definition(name: "compression.zstd.level", kind: .integer(-131_072...22), standard: "3"),
        Definition(
            name: "delete.retention.ms", kind: .long(0...Int64.max), standard: "86400000"),
        Definition(name: "file.delete.delay.ms", kind: .long(0...Int64.max), standard: "60000"),
        Definition(name: "flush", kind: .text, standard: ""),
        Definition(
            name: "flush.messages", kind: .long(1...Int64.max), standard: "\(Int64.max)"),
        Definition(name: "flush.ms", kind: .long(0...Int64.max), standard: "\(Int64.max)"),
        Definition(
            name: "follower.replication.throttled.replicas", kind: .replicas, standard: ""),
        Definition(
            name: "index.interval.bytes", kind: .integer(0...Int32.max), standard: "8192"),
        Definition(
            name: "leader.replication.throttled.replicas", kind: .replicas, standard: ""),
        Definition(
            name: "local.retention.bytes", kind: .long(-2...Int64.max), standard: "-2"),
        Definition(name: "local.retention.ms", kind: .long(-2...Int64.max), standard: "-2"),
        Definition(
            name: "max.compaction.lag.ms", kind: .long(1...Int64.max),
            standard: "\(Int64.max)"),
        Definition(
            name: "max.message.bytes", kind: .integer(0...Int32.max), standard: "1048588"),
        Definition(
            name: "message.timestamp.after.max.ms", kind: .long(0...Int64.max),
            standard: "\(Int64.max)"),
        Definition(
            name: "message.timestamp.before.max.ms", kind: .long(0...Int64.max),
            standard: "\(Int64.max)"),
        Definition(
            name: "message.timestamp.type", kind: .choice(["CreateTime", "LogAppendTime"]),
            standard: "CreateTime"),
        Definition(name: "min.cleanable.dirty.ratio", kind: .ratio, standard: "0.5"),
        Definition(
            name: "min.compaction.lag.ms", kind: .long(0...Int64.max), standard: "0"),
        Definition(
            name: "min.insync.replicas", kind: .integer(1...Int32.max), standard: "1"),
        Definition(name: "preallocate", kind: .boolean, standard: "false"),
        Definition(name: "remote.storage.enable", kind: .boolean, standard: "false"),
        Definition(name: "retention.bytes", kind: .long(-1...Int64.max), standard: "-1"),
        Definition(name: "retention.ms", kind: .long(-1...Int64.max), standard: "604800000"),
        Definition(
            name: "segment.bytes", kind: .integer(14...Int32.max),
            standard: "\(256 << 20)"),
        Definition(
            name: "segment.index.bytes", kind: .integer(4...Int32.max),
            standard: "10485760"),
        Definition(name: "segment.jitter.ms", kind: .long(0...Int64.max), standard: "0"),
        Definition(name: "segment.ms", kind: .long(1...Int64.max), standard: "604800000"),
        Definition(
            name: "unclean.leader.election.enable", kind: .boolean, standard: "false"),
    ]

    /// Why a value can't be set; nil when it can.
    package static func refusal(_ name: String, _ value: String) -> String? {
        guard let definition = definitions.first(where: { $0.name == name }) else {
            return "Unknown topic config name: \(name)"
        }
        let isValid: Bool
        switch definition.kind {
        case .integer(let range):
            // gzip has no level 0 here, as in Kafka.
            isValid =
                (Int32(value).map(range.contains) ?? false)
                && !(name == "compression.gzip.level" && Int32(value) == 0)
        case .long(let range): isValid = Int64(value).map(range.contains) ?? false
        case .ratio: isValid = Double(value).map((0...1).contains) ?? false
        // There is no storage but this broker's own.
        case .boolean where name == "remote.storage.enable": isValid = value == "false"
        case .boolean: isValid = value == "true" || value == "false"
        case .replicas: isValid = isReplicas(value)
        case .choice(let words): isValid = words.contains(value)
        case .list(let words):
            let parts = value.split(separator: ",", omittingEmptySubsequences: false)
            isValid = parts.allSatisfy {
                words.contains($0.trimmingSpaces)
            }
        case .text: isValid = FlushPolicy(value) != nil
        }
        return isValid ? nil : "Invalid value for configuration \(name)"
    }

    /// Whether a value is empty, a star, or pairs like `0:0,1:0`.
    private static func isReplicas(_ value: String) -> Bool {
        if value.isEmpty || value == "*" { return true }
        return value.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { pair in
            let numbers = pair.trimmingSpaces.split(
                separator: ":", omittingEmptySubsequences: false)
            return numbers.count == 2 && numbers.allSatisfy { (Int32($0) ?? -1) >= 0 }
        }
    }

    /// Why the values can't stand together; nil when they can.
    package var conflict: String? {
        guard minimumCompactionLag > maximumCompactionLag else { return nil }
        return "min.compaction.lag.ms (\(minimumCompactionLag)) is greater than"
            + " max.compaction.lag.ms (\(maximumCompactionLag))"
    }

    /// Sets or, with nil, resets a value.
    package mutating func set(_ name: String, _ value: String?) {
        overrides[name] = value
        refresh()
    }

    /// The value in force.
    package func value(_ name: String) -> String {
        if let value = overrides[name] { return value }
        if name == "flush" { return defaultFlush.text }
        return TopicConfig.definitions.first { $0.name == name }?.standard ?? ""
    }

    // MARK: What the broker reads for every batch, kept ready

    /// When records are made durable.
    package private(set) var flush = FlushPolicy.system
    /// The size at which a new segment begins, in bytes.
    package private(set) var segmentBytes: Int64 = 0
    /// The age at which a new segment begins, in ms.
    package private(set) var segmentMilliseconds: Int64 = 0
    /// How long records are kept, in ms; -1 without a bound.
    package private(set) var retentionMilliseconds: Int64 = -1
    /// How many bytes of a partition are kept; -1 without a bound.
    package private(set) var retentionBytes: Int64 = -1
    /// How long compaction keeps tombstones, in ms.
    package private(set) var deleteRetention: Int64 = 0
    /// The greatest batch, in bytes.
    package private(set) var maximumBatch: Int64 = 0
    /// Whether only the newest record of each key is kept.
    package private(set) var isCompacted = false
    /// Whether retention and DeleteRecords apply.
    package private(set) var isDeleted = true
    /// Whether the broker's time replaces the producer's.
    package private(set) var usesAppendTime = false
    /// How long compaction leaves records alone, in ms.
    package private(set) var minimumCompactionLag: Int64 = 0
    /// After how long records are compacted however few they are, in ms.
    package private(set) var maximumCompactionLag: Int64 = .max
    /// How many bytes lie between two entries of an index at least.
    package private(set) var indexInterval: Int64 = 0
    private var timestampBefore: Int64 = .max
    private var timestampAfter: Int64 = .max

    /// The timestamps that records may have; nil for all.
    func acceptedTimestamps(now: Int64) -> ClosedRange<Int64>? {
        guard !usesAppendTime, timestampBefore < .max || timestampAfter < .max else { return nil }
        let last = now.addingReportingOverflow(timestampAfter)
        let first = now.subtractingReportingOverflow(timestampBefore)
        return
            (first.overflow ? .min : first.partialValue)...(last.overflow
            ? .max : last.partialValue)
    }

    private mutating func refresh() {
        func number(_ name: String) -> Int64 { Int64(value(name)) ?? 0 }
        segmentBytes = number("segment.bytes")
        segmentMilliseconds = number("segment.ms")
        retentionMilliseconds = number("retention.ms")
        retentionBytes = number("retention.bytes")
        deleteRetention = number("delete.retention.ms")
        maximumBatch = number("max.message.bytes")
        isCompacted = value("cleanup.policy").contains("compact")
        isDeleted = value("cleanup.policy").contains("delete")
        usesAppendTime = value("message.timestamp.type") == "LogAppendTime"
        minimumCompactionLag = number("min.compaction.lag.ms")
        maximumCompactionLag = number("max.compaction.lag.ms")
        indexInterval = number("index.interval.bytes")
        timestampBefore = number("message.timestamp.before.max.ms")
        timestampAfter = number("message.timestamp.after.max.ms")
        // As in Kafka, what is to be compacted must not lie in the open segment for longer.
        if isCompacted { segmentMilliseconds = min(segmentMilliseconds, maximumCompactionLag) }
        let milliseconds = number("flush.ms")
        if let own = overrides["flush"].flatMap(FlushPolicy.init) {
            flush = own
        } else if number("flush.messages") == 1 || milliseconds == 0 {
            flush = .ack
        } else {
            flush = milliseconds < .max ? .interval(milliseconds) : defaultFlush
        }
    }
}

extension Substring {
    /// Without the spaces at both ends.
    var trimmingSpaces: String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
