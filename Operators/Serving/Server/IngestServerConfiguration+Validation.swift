internal import NIOCore
internal import Records

extension IngestServerConfiguration {
    /// The longest time that a setting may name, in seconds: a day.
    static let longestSeconds = 86_400.0

    /// Refuses settings that make no sense; all faults stand in the one message.
    func validate() throws(DataflowError) {
        var faults: [String] = []
        func check(_ isGood: Bool, _ fault: String) { if !isGood { faults.append(fault) } }
        check(!address.isEmpty, "address is empty")
        check((0...65_535).contains(port), "port \(port) isn't one of 0 to 65535")
        for (name, value) in [
            ("bodyBytes", bodyBytes), ("decompressedBytes", decompressedBytes),
            ("heldBodyBytes", heldBodyBytes), ("concurrentRequests", concurrentRequests),
            ("connections", connections), ("headBytes", headBytes),
            ("retryAfterSeconds", retryAfterSeconds),
        ] { check(value > 0, "\(name) \(value) isn't positive") }
        for (name, value) in [
            ("requestSeconds", requestSeconds), ("idleSeconds", idleSeconds),
            ("drainSeconds", drainSeconds),
        ] {
            check(
                value > 0 && value <= Self.longestSeconds,
                "\(name) \(value) isn't a time of up to a day")
        }
        guard faults.isEmpty else {
            throw DataflowError(
                .invalidConfiguration, domain: .user,
                "HTTP server: \(faults.joined(separator: "; "))")
        }
    }
}

extension TimeAmount {
    /// Seconds of a validated setting.
    static func seconds(_ seconds: Double) -> TimeAmount {
        .milliseconds(Int64(seconds * 1_000))
    }
}
