internal import Records

/// How long passages took to be counted by a committed row, in seconds.
struct PassageLatencies {
    /// From the sending of the location that completed the passage, or that made its row publishable.
    private(set) var toRow: [Double] = []
    /// From the sending alone: a row's first passages wait for the vehicle with which it may be published.
    private(set) var withVehiclesAwaited: [Double] = []
    /// Passages that no row ever counted.
    var unpublished = 0

    /// Adds a passage that a row counted.
    mutating func add(_ counted: EventTime, sent: EventTime, publishable: EventTime) {
        func seconds(since time: EventTime) -> Double {
            Double(max(0, counted.millisecondsSince(time))) / 1_000
        }
        toRow.append(seconds(since: max(sent, publishable)))
        withVehiclesAwaited.append(seconds(since: sent))
    }

    /// The value that a share of the latencies stays below; 0 without any.
    static func quantile(_ share: Double, of seconds: [Double]) -> Double {
        let sorted = seconds.sorted()
        return sorted.isEmpty
            ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }
}
