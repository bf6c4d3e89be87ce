internal import Records
internal import TrafficUpdates

/// Which revision of a row was the first to count each passage that was told of it, and the first without each that was
/// taken back.
///
/// A revision says how many passages and vehicles it counts, their mean speed and its deviation: in it are the
/// tellings that add up to just that. Those of a vehicle come into the row in their order, and what was caused early
/// before what was caused late, but for a few: they are looked for in this order, with ever more left out.
struct RowCoverage {
    /// The most vehicles that are overtaken between two revisions, as far as they are looked for.
    private static let mostOvertaken = 5
    /// The most sets of tellings that are tried for a revision.
    private static let mostSteps = 200_000

    /// What one location has led to in the row: it is counted at once.
    private struct Group {
        let vehicle: UInt64
        let caused: EventTime
        var members: [Int]
    }

    /// By telling, the revision that was the first to cover it.
    private(set) var first: [Int: Int] = [:]
    /// Revisions that no set of tellings adds up to; what they may cover counts as covered by the next.
    private(set) var unresolved = 0

    private let tellings: [Telling]
    private let minimumVehicles: Int
    private var groups: [Group] = []
    /// The groups in the order in which they were caused, and those of them that no revision has covered yet.
    private var order: [Int] = []
    private var pending: [Int] = []
    // What is counted while a set is looked for.
    private var sums = SpeedSums()
    private var count = 0
    private var vehicles: [UInt64: Int] = [:]
    private var taken: [Int] = []
    private var blocked: Set<UInt64> = []
    private var steps = 0

    /// Finds the revisions.
    ///
    /// - Parameters:
    ///   - tellings: all tellings.
    ///   - members: those of the row, in the order in which each vehicle's were told.
    ///   - revisions: what was seen of the row, in the order of time.
    ///   - minimumVehicles: with fewer there is no row.
    init(
        of tellings: [Telling], members: [Int], revisions: [RowRevision], minimumVehicles: Int
    ) {
        self.tellings = tellings
        self.minimumVehicles = minimumVehicles
        var known: [UInt64: Int] = [:]
        for member in members {
            let (vehicle, caused) = (tellings[member].passage.vehicle, tellings[member].caused)
            if let group = known[vehicle], groups[group].caused == caused {
                groups[group].members.append(member)
            } else {
                known[vehicle] = groups.count
                groups.append(Group(vehicle: vehicle, caused: caused, members: [member]))
            }
        }
        order = groups.indices.sorted { (groups[$0].caused, $0) < (groups[$1].caused, $1) }
        pending = order
        for (number, revision) in revisions.enumerated() { find(revision, number) }
        // Behind the last one nothing is waited for.
        guard let last = revisions.last, !holds(last.content) else { return }
        cover(pending.filter { groups[$0].caused <= last.seen }, by: revisions.count - 1)
    }

    /// When, as the tellings were caused, the row was last about to be published: with the vehicle that made it
    /// enough, among those that a revision covers.
    func publishable(by revision: Int) -> EventTime? {
        var passed: [UInt64: Int] = [:]
        var result: EventTime?
        for group in order {
            for member in groups[group].members where (first[member] ?? .max) <= revision {
                let before = passed.count
                RowCoverage.count(tellings[member], 1, &passed)
                guard before < minimumVehicles, passed.count >= minimumVehicles else { continue }
                result = tellings[member].completed
            }
        }
        return result
    }

    private mutating func find(_ revision: RowRevision, _ number: Int) {
        if holds(revision.content) { return }
        let candidates = pending.filter { groups[$0].caused <= revision.seen }
        steps = 0
        for overtaken in 0...RowCoverage.mostOvertaken {
            taken.removeAll(keepingCapacity: true)
            blocked.removeAll(keepingCapacity: true)
            if search(candidates[...], revision.content, overtaken) {
                cover(taken, by: number)
                return
            }
        }
        unresolved += 1
    }

    private mutating func cover(_ covered: [Int], by revision: Int) {
        for group in covered {
            for member in groups[group].members { first[member] = revision }
        }
        let covered = Set(covered)
        pending.removeAll { covered.contains($0) }
    }

    /// Adds the first of the candidates, with as many vehicles left out as may be, until they are what is looked for.
    private mutating func search(
        _ candidates: ArraySlice<Int>, _ content: RowRevision.Content?, _ overtaken: Int
    ) -> Bool {
        if holds(content) { return true }
        steps += 1
        guard let next = candidates.first, steps < RowCoverage.mostSteps else { return false }
        let rest = candidates.dropFirst()
        let vehicle = groups[next].vehicle
        // Behind one that is left out, none of its vehicle can be counted.
        if blocked.contains(vehicle) { return search(rest, content, overtaken) }
        change(next, by: 1)
        taken.append(next)
        if search(rest, content, overtaken) { return true }
        taken.removeLast()
        change(next, by: -1)
        guard overtaken > 0 else { return false }
        blocked.insert(vehicle)
        defer { blocked.remove(vehicle) }
        return search(rest, content, overtaken - 1)
    }

    private mutating func change(_ group: Int, by sign: Int) {
        for member in groups[group].members {
            var passage = tellings[member].passage
            if sign < 0 { passage.isTakenBack.toggle() }
            sums.add(passage)
            count += passage.isTakenBack ? -1 : 1
            RowCoverage.count(tellings[member], sign, &vehicles)
        }
    }

    private static func count(_ telling: Telling, _ sign: Int, _ vehicles: inout [UInt64: Int]) {
        let vehicle = telling.passage.vehicle
        let passed = (vehicles[vehicle] ?? 0) + (telling.passage.isTakenBack ? -sign : sign)
        vehicles[vehicle] = passed == 0 ? nil : passed
    }

    /// Whether what is counted is what a row says.
    private func holds(_ content: RowRevision.Content?) -> Bool {
        guard let content else { return vehicles.count < minimumVehicles }
        guard count == content.traversals, vehicles.count == content.vehicles else { return false }
        let deviation = count > 1 ? sums.variance.squareRoot() * 3.6 : 0
        return RowCoverage.isSame(sums.harmonicMean * 3.6, content.speed)
            && RowCoverage.isSame(deviation, content.deviation)
    }

    private static func isSame(_ a: Double, _ b: Double) -> Bool {
        abs(a - b) <= 1e-9 * max(1, abs(a))
    }
}
