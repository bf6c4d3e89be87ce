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
    }

    /// What kind of value a name has.
    package enum Kind: Sendable {
        case integer(ClosedRange<Int64>)
        case boolean
        case choice([String])
        case list([String])
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
        Definition(
            name: "compression.type",
            kind: .choice(["producer"]),
            standard: "producer"),
        Definition(
            name: "delete.retention.ms", kind: .integer(0...Int64.max), standard: "86400000"),
        Definition(name: "file.delete.delay.ms", kind: .integer(0...Int64.max), standard: "60000"),
        Definition(name: "flush", kind: .text, standard: ""),
        Definition(
            name: "flush.messages", kind: .integer(1...Int64.max), standard: "\(Int64.max)"),
        Definition(name: "flush.ms", kind: .integer(0...Int64.max), standard: "\(Int64.max)"),
        Definition(
            name: "index.interval.bytes", kind: .integer(0...Int64(Int32.max)), standard: "8192"),
        Definition(
            name: "max.compaction.lag.ms", kind: .integer(1...Int64.max),
            standard: "\(Int64.max)"),
        Definition(
            name: "max.message.bytes", kind: .integer(0...Int64(Int32.max)), standard: "1048588"),
        Definition(
            name: "message.timestamp.after.max.ms", kind: .integer(0...Int64.max),
            standard: "\(Int64.max)"),
        Definition(
            name: "message.timestamp.before.max.ms", kind: .integer(0...Int64.max),
            standard: "\(Int64.max)"),
        Definition(
            name: "message.timestamp.type", kind: .choice(["CreateTime", "LogAppendTime"]),
            standard: "CreateTime"),
        Definition(name: "min.cleanable.dirty.ratio", kind: .text, standard: "0.5"),
        Definition(
            name: "min.compaction.lag.ms", kind: .integer(0...Int64.max), standard: "0"),
        Definition(
            name: "min.insync.replicas", kind: .integer(1...Int64(Int32.max)), standard: "1"),
        Definition(name: "preallocate", kind: .boolean, standard: "false"),
        Definition(name: "retention.bytes", kind: .integer(-1...Int64.max), standard: "-1"),
        Definition(name: "retention.ms", kind: .integer(-1...Int64.max), standard: "604800000"),
        Definition(
            name: "segment.bytes", kind: .integer(14...Int64(Int32.max)),
            standard: "\(256 << 20)"),
        Definition(
            name: "segment.index.bytes", kind: .integer(4...Int64(Int32.max)),
            standard: "10485760"),
        Definition(name: "segment.jitter.ms", kind: .integer(0...Int64.max), standard: "0"),
        Definition(name: "segment.ms", kind: .integer(1...Int64.max), standard: "604800000"),
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
        case .integer(let range): isValid = Int64(value).map(range.contains) ?? false
        case .boolean: isValid = value == "true" || value == "false"
        case .choice(let words): isValid = words.contains(value)
        case .list(let words):
            let parts = value.split(separator: ",", omittingEmptySubsequences: false)
            isValid = parts.allSatisfy {
                words.contains($0.trimmingSpaces)
            }
        case .text: isValid = name != "flush" || FlushPolicy(value) != nil
        }
        return isValid ? nil : "Invalid value for configuration \(name)"
    }

    /// Sets or, with nil, resets a value.
    package mutating func set(_ name: String, _ value: String?) {
        overrides[name] = value
    }

    /// The value in force.
    package func value(_ name: String) -> String {
        if let value = overrides[name] { return value }
        if name == "flush" { return defaultFlush.text }
        return TopicConfig.definitions.first { $0.name == name }?.standard ?? ""
    }

    private func number(_ name: String) -> Int64 { Int64(value(name)) ?? 0 }

    package var flush: FlushPolicy {
        if let own = overrides["flush"].flatMap(FlushPolicy.init) { return own }
        if number("flush.messages") == 1 { return .ack }
        let milliseconds = number("flush.ms")
        if milliseconds < .max { return milliseconds == 0 ? .ack : .interval(milliseconds) }
        return defaultFlush
    }
    package var segmentBytes: Int64 { number("segment.bytes") }
    package var segmentMilliseconds: Int64 { number("segment.ms") }
    /// -1 without a bound.
    package var retentionMilliseconds: Int64 { number("retention.ms") }
    /// -1 without a bound.
    package var retentionBytes: Int64 { number("retention.bytes") }
    package var deleteRetention: Int64 { number("delete.retention.ms") }
    package var maximumBatch: Int64 { number("max.message.bytes") }
    package var isCompacted: Bool { value("cleanup.policy").contains("compact") }
    package var isDeleted: Bool { value("cleanup.policy").contains("delete") }
    package var usesAppendTime: Bool { value("message.timestamp.type") == "LogAppendTime" }
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
