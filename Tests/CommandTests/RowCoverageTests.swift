import Records
import RoadNetwork
import Testing

@testable import Command
@testable import TrafficUpdates

/// Which revision of a row covers what was told.
@Suite("Rows and what they cover")
struct RowCoverageTests {
    private static let start = EventTime(milliseconds: 1_760_000_040_000)
    private static let tasks = 4

    private static func time(_ seconds: Double) -> EventTime {
        start.advanced(byMilliseconds: Int64(seconds * 1_000))
    }

    /// A row's tellings, some of them corrected, and when each comes into the row: its task commits once a second, so
    /// that those of other tasks may overtake it.
    private static func tellings(seed: UInt64) -> [(telling: Telling, arrives: Double)] {
        var random = SeededGenerator(seed: seed)
        var result: [(telling: Telling, arrives: Double)] = []
        for vehicle in 0..<40 {
            let task = Double(vehicle % tasks)
            var caused = random.unit() * 50
            let left = caused - 4
            func tell(_ milliseconds: Double, takenBack: Bool = false) {
                var passage = SegmentTraversal(
                    vehicle: UInt64(vehicle), visitor: 0, segment: SegmentID(rawValue: 7),
                    enteredAt: time(left - milliseconds / 1_000), leftAt: time(left),
                    length: 100, completedAt: time(left + 2), freeFlowSeconds: 8, confidence: 1)
                passage.isTakenBack = takenBack
                let commit = (caused - task / Double(tasks)).rounded(.up) + task / Double(tasks)
                result.append(
                    (
                        Telling(
                            passage: passage, completed: time(left + 2), caused: time(caused)),
                        commit
                    ))
            }
            let took = (5_000 + random.unit() * 4_000).rounded()
            tell(took)
            // What is told anew counts for something else: a correction that changes nothing is in no revision.
            if random.unit() < 0.2 {
                caused += random.unit() * 8
                tell(took, takenBack: true)
                if random.unit() < 0.8 { tell((took * (0.7 + 0.2 * random.unit())).rounded()) }
            }
        }
        return result
    }

    @Test("what each revision covers is found from what it says", arguments: 1...20)
    func covered(seed: Int) {
        let told = RowCoverageTests.tellings(seed: UInt64(seed))
        var revisions: [RowRevision] = []
        var expected: [Int: Int] = [:]
        for look in stride(from: 3.0, through: 63, by: 3) {
            let covered = told.indices.filter { told[$0].arrives <= look }
            var sum = SegmentSpeed()
            for index in covered { sum.add(told[index].telling.passage, at: .min) }
            let content = RowRevision.Content(
                traversals: Int(sum.traversals), vehicles: sum.vehicles,
                speed: sum.harmonicMeanSpeed * 3.6, deviation: sum.standardDeviation * 3.6)
            guard sum.vehicles >= 3 else { continue }
            for index in covered where expected[index] == nil {
                expected[index] = revisions.count
            }
            revisions.append(
                RowRevision(
                    seen: RowCoverageTests.time(look + 0.3), number: Int64(look), content: content))
        }
        let coverage = RowCoverage(
            of: told.map(\.telling), members: Array(told.indices), revisions: revisions,
            minimumVehicles: 3)
        #expect(coverage.unresolved == 0)
        // What is told and taken back between two revisions is in none.
        let byVehicle = Dictionary(grouping: told.indices) { told[$0].telling.passage.vehicle }
        for members in byVehicle.values {
            let covers = Set(members.map { expected[$0] })
            if members.count == 2, covers.count == 1 { continue }
            for member in members {
                #expect(coverage.first[member] == expected[member], "telling \(member)")
            }
        }
    }
}
