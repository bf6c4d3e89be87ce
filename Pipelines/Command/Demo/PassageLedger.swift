internal import Records
internal import RoadNetwork
internal import TrafficUpdates

/// What the topic `traversals` says of a run: which passages stand, which of them in the place of others, and how many
/// each row of `live_traffic` must count.
struct PassageLedger {
    /// The passages of a row that stand.
    struct Row {
        /// How many.
        var passages = 0
        /// How often each vehicle passed.
        var vehicles: [UInt64: Int] = [:]
    }

    /// How far from a passage's end what was taken back ended, and the overtaken location lies that has shown the
    /// passage, at most: the bound of disorder and a step of the matcher, in milliseconds.
    static let reach: Int64 = 15_000

    /// The passages that stand, and whether each was told when another of its vehicle about then had been taken back.
    private(set) var standing: [SegmentTraversal: Bool] = [:]
    private(set) var rows: [LatencyProbe.Row: Row] = [:]
    private var takenBack: [UInt64: [(segment: SegmentID, leftAt: EventTime)]] = [:]
    private let windowMilliseconds: Int64

    /// Knows of no passage.
    init(windowMilliseconds: Int64) { self.windowMilliseconds = windowMilliseconds }

    /// Takes the topic's next record; those of a vehicle are in the order in which they were told.
    mutating func take(_ traversal: SegmentTraversal) {
        let change = traversal.isTakenBack ? -1 : 1
        let start = traversal.leftAt.milliseconds / windowMilliseconds * windowMilliseconds
        let row = LatencyProbe.Row(
            segment: traversal.segment, windowStart: EventTime(milliseconds: start))
        rows[row, default: Row()].passages += change
        rows[row]?.vehicles[traversal.vehicle, default: 0] += change
        if rows[row]?.vehicles[traversal.vehicle] == 0 {
            rows[row]?.vehicles[traversal.vehicle] = nil
        }
        guard traversal.isTakenBack else {
            // What is driven behind all that was taken back stands in no other's place.
            standing[traversal] = takenBack[traversal.vehicle, default: []].contains {
                abs($0.leftAt.millisecondsSince(traversal.leftAt)) <= PassageLedger.reach
                    && ($0.segment == traversal.segment || $0.leftAt >= traversal.leftAt)
            }
            return
        }
        var told = traversal
        told.isTakenBack = false
        standing[told] = nil
        takenBack[traversal.vehicle, default: []].append((traversal.segment, traversal.leftAt))
    }

    /// How many rows don't count the passages that stand, of those with enough vehicles.
    ///
    /// - Parameters:
    ///   - counted: how many passages the table's rows count.
    ///   - start: windows that begin before aren't compared.
    func differences(
        from counted: [LatencyProbe.Row: Int], minimumVehicles: Int, since start: EventTime
    ) -> (compared: Int, different: Int) {
        var (compared, different) = (0, 0)
        for (row, wanted) in rows where row.windowStart >= start {
            let isPublished = wanted.vehicles.count >= minimumVehicles
            guard isPublished || counted[row] != nil else { continue }
            compared += 1
            if counted[row] != (isPublished ? wanted.passages : nil) { different += 1 }
        }
        let unknown = counted.keys.count { $0.windowStart >= start && rows[$0] == nil }
        return (compared + unknown, different + unknown)
    }
}

/// When the locations of a vehicle were sent.
struct VehicleSends {
    private var sends: [(time: EventTime, sent: EventTime)]
    /// Those that a later one was sent before.
    private var overtaken: [(time: EventTime, sent: EventTime)] = []

    /// Takes the locations' times and sendings in any order.
    init(_ sends: [(time: EventTime, sent: EventTime)]) {
        self.sends = sends.sorted { $0.time < $1.time }
        var earliest = EventTime.max
        for send in self.sends.reversed() {
            if earliest < send.sent { overtaken.append(send) }
            earliest = min(earliest, send.sent)
        }
    }

    /// When the first location behind a passage's end was sent, and from when on the passage could be known; nil when
    /// the location that completed it isn't among those that are known.
    func sending(of passage: SegmentTraversal, isCorrected: Bool) -> LatencyProbe.Sending? {
        guard let own = sends.first(where: { $0.time == passage.completedAt })?.sent else {
            return nil
        }
        let behind = sends.lazy.filter {
            let later = $0.time.millisecondsSince(passage.completedAt)
            return later >= 0 && later <= PassageLedger.reach
        }
        let first = behind.map(\.sent).min() ?? own
        guard isCorrected else { return LatencyProbe.Sending(first: first, known: own) }
        let shown = overtaken.lazy.filter {
            // One that was sent before has corrected nothing that was told of the passage.
            abs($0.time.millisecondsSince(passage.leftAt)) <= PassageLedger.reach && $0.sent > first
        }.map(\.sent).min()
        return LatencyProbe.Sending(first: first, known: max(own, shown ?? own))
    }
}
