internal import Records
internal import RoadNetwork
internal import TrafficUpdates

/// What the topic `traversals` tells of a run's passages, one after the other: which of them are one passage that was
/// corrected, and what each row of `live_traffic` has to count for that.
struct PassageTellings {
    /// A passage: told, and where a location that was overtaken has shown it to be otherwise, told anew.
    struct Passage {
        /// Indices of ``PassageTellings/all``, in their order.
        var tellings: [Int]
        /// Whether the last telling wasn't taken back.
        var isStanding = true
        /// The time of the location behind its end, as it was told first.
        let completedAt: EventTime
    }

    /// How far from each other a passage's end is told before and behind a correction, at most, in milliseconds.
    static let reach: Int64 = 60_000

    /// What rows count, or no longer count.
    private(set) var all: [Telling] = []
    private(set) var passages: [Passage] = []
    /// For a telling of ``all`` that was taken back, the record that has done so.
    private(set) var takenBack: [Int: Int] = [:]
    /// By row, indices of ``all``.
    private(set) var rows: [TrafficRow: [Int]] = [:]

    private let windowMilliseconds: Int64
    /// What was said of a vehicle at once, as far as it was taken.
    private var open: [UInt64: [Telling]] = [:]
    /// The passages that stand, and their last telling.
    private var standing: [SegmentTraversal: (passage: Int, telling: Int)] = [:]

    /// Knows of no passage.
    init(windowMilliseconds: Int64) { self.windowMilliseconds = windowMilliseconds }

    /// Takes the topic's next record; those of a vehicle are in the order in which they were told.
    mutating func take(_ telling: Telling) {
        let vehicle = telling.passage.vehicle
        if let first = open[vehicle]?.first, first.caused != telling.caused { close(vehicle) }
        open[vehicle, default: []].append(telling)
    }

    /// There are no more.
    mutating func finish() {
        for vehicle in open.keys.sorted() { close(vehicle) }
    }

    /// The row of a passage.
    func row(of passage: SegmentTraversal) -> TrafficRow {
        TrafficRow(of: passage, windowMilliseconds: windowMilliseconds)
    }

    /// Takes in what one location has led to.
    private mutating func close(_ vehicle: UInt64) {
        let said = open.removeValue(forKey: vehicle) ?? []
        var new = said.filter { !$0.passage.isTakenBack }
        for back in said where back.passage.isTakenBack {
            var told = back.passage
            told.isTakenBack = false
            guard let last = standing.removeValue(forKey: told) else { continue }
            let place = new.indices.filter {
                new[$0].passage.segment == told.segment
                    && distance(new[$0].passage, told) <= PassageTellings.reach
            }.min { distance(new[$0].passage, told) < distance(new[$1].passage, told) }
            guard let place else {
                takenBack[last.telling] = add(back)
                passages[last.passage].isStanding = false
                continue
            }
            let replacement = new.remove(at: place)
            // What is told anew and counts for the same needs no revision.
            var telling = last.telling
            if !replacement.counts(like: all[telling]) {
                takenBack[telling] = add(back)
                telling = add(replacement)
                passages[last.passage].tellings.append(telling)
            }
            standing[replacement.passage] = (last.passage, telling)
        }
        for telling in new {
            standing[telling.passage] = (passages.count, all.count)
            passages.append(
                Passage(tellings: [add(telling)], completedAt: telling.passage.completedAt))
        }
    }

    private func distance(_ a: SegmentTraversal, _ b: SegmentTraversal) -> Int64 {
        abs(a.leftAt.millisecondsSince(b.leftAt))
    }

    private mutating func add(_ telling: Telling) -> Int {
        rows[row(of: telling.passage), default: []].append(all.count)
        all.append(telling)
        return all.count - 1
    }
}
