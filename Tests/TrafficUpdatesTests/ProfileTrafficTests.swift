import Dataflow
import OperatorTesting
import Records
import RoadNetwork
import Sources
import State
import Testing
import Transforms

@testable import TrafficUpdates

extension SegmentTraversal {
    /// What the profile is keyed by.
    fileprivate var segmentBin: SegmentBin {
        SegmentBin(segment: segment, bin: WeekClock().bin(of: leftAt))
    }
}

@Suite("Rows of the profile")
struct ProfileTrafficTests {
    private static let week: Int64 = 7 * 86_400_000

    /// A frame is a day.
    ///
    /// A letter is a vehicle that has passed in one bin of the frame's week, a capital takes that back; a row prints
    /// as a hundred times its count, and as `x` when it goes.
    private static func harness() throws -> OperatorHarness<SegmentTraversal, ProfileUpdate> {
        try OperatorHarness(
            frame: .seconds(86_400), dividedBy: \SegmentTraversal.segmentBin,
            record: { symbol, now in
                let left = EventTime(milliseconds: now.milliseconds / week * week + 1_000_000)
                var passage = SegmentTraversal(
                    vehicle: 0, visitor: UInt64(symbol.lowercased().utf8.first ?? 0),
                    segment: SegmentID(rawValue: 7),
                    enteredAt: left.advanced(byMilliseconds: -10_000), leftAt: left, length: 100,
                    completedAt: left, freeFlowSeconds: 8, confidence: 1)
                passage.isTakenBack = symbol.isUppercase
                return (passage, left)
            },
            render: { update in update.sum.map { "\(Int($0.count * 100))" } ?? "x" }
        ) { input, output in
            input.assignTimestamps(
                "time", .boundedOutOfOrder(.zero, idleAfter: .seconds(1)), \.leftAt
            )
            .keyBy("by-bin", \.segmentBin)
            .process(
                "profile",
                ProcessOptions(timeToLive: TrafficUpdates.profileMemory, maximumHold: .zero)
            ) {
                ProfileTraffic(
                    decay: 0.5, minimumVehicles: 3, lateness: 120_000,
                    week: WeekClock())
            }
            .sink("out", to: output)
        }
    }

    @Test(
        "a row is written when enough have passed, corrected, and taken back; a restart changes nothing",
        arguments: [
            // Three vehicles; a row once a week, the weeks before faded.
            ("[abc]------a-----", "--[300]------[250]---"),
            // Two are too few, with one of a week before and one of two weeks before they are enough.
            ("[ab]------", "-------"), ("a------b------c--", "----------------[175]"),
            // One of three is taken back behind the row: it goes, and comes again with another.
            ("[abc]--C--d----", "--[300]--x--[300]--"),
            // This week's only passage is taken back before it was told of: nothing is said at all.
            ("[abc]------aA------", "--[300]------------"),
            // And behind it: what stood before stands again.
            ("[abc]------a--A---", "--[300]------[250]--[300]-"),
            // All of them.
            ("[abc]--[ABC]----", "--[300]--x--"),
        ])
    func rows(input: String, output: String) throws {
        let harness = try ProfileTrafficTests.harness()
        #expect(try harness.run(input) == output)
        let outcomes = try harness.runRestoringEverywhere(input)
        #expect(outcomes.count == 1, "\(outcomes)")
    }
}
