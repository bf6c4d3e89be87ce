internal import Records
internal import RoadNetwork
internal import TrafficUpdates

/// What the topic `traversals` says of a run: how many passages each row of `live_traffic` must count.
struct PassageLedger {
    /// The passages of a row that stand.
    struct Row {
        /// How many.
        var passages = 0
        /// How often each vehicle passed.
        var vehicles: [UInt64: Int] = [:]
    }

    private(set) var rows: [TrafficRow: Row] = [:]
    private let windowMilliseconds: Int64

    /// Knows of no passage.
    init(windowMilliseconds: Int64) { self.windowMilliseconds = windowMilliseconds }

    /// Takes the topic's next record.
    mutating func take(_ traversal: SegmentTraversal) {
        let change = traversal.isTakenBack ? -1 : 1
        let row = TrafficRow(of: traversal, windowMilliseconds: windowMilliseconds)
        rows[row, default: Row()].passages += change
        rows[row]?.vehicles[traversal.vehicle, default: 0] += change
        if rows[row]?.vehicles[traversal.vehicle] == 0 {
            rows[row]?.vehicles[traversal.vehicle] = nil
        }
    }

    /// How many rows don't count the passages that stand, of those with enough vehicles.
    ///
    /// - Parameters:
    ///   - counted: how many passages the table's rows count.
    ///   - start: windows that begin before aren't compared.
    func differences(
        from counted: [TrafficRow: Int], minimumVehicles: Int, since start: EventTime
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
