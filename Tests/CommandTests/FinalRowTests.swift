import ArgumentParser
import PostgresClient
import Records
import RoadNetwork
import Runtime
import Testing
import TrafficUpdates

@testable import Command

/// How `make run` measures when a window's rows were written for the last time.
@Suite("Final rows")
struct FinalRowTests {
    private static let start = EventTime(milliseconds: 1_760_000_040_000)

    private func probe() throws -> LatencyProbe {
        let nowhere = try PostgresConfiguration("postgresql://nobody@127.0.0.1:1/nothing")
        return LatencyProbe(
            PostgresPool(nowhere, size: 1), clock: ScaledClock(start: FinalRowTests.start),
            from: FinalRowTests.start)
    }

    private static func seconds(_ seconds: Double) -> EventTime {
        start.advanced(byMilliseconds: Int64(seconds * 1_000))
    }

    private static func row(
        _ segment: UInt64, window: Double, _ traversals: Int, revision: Int64
    ) -> LatencyProbe.Sighting {
        LatencyProbe.Sighting(
            row: .init(segment: SegmentID(rawValue: segment), windowStart: seconds(window)),
            revision: revision,
            content: .init(traversals: traversals, vehicles: 3, speed: 50, deviation: 0))
    }

    @Test("the last revision of a row counts, and only rows of whole windows do")
    func lastRevision() throws {
        let probe = try probe()
        // Three passages, a fourth, the same again, and a correction that counts no more of them.
        let seen: [(at: Double, count: Int, revision: Int64)] = [
            (21, 3, 1), (44, 4, 2), (50, 4, 2), (81.5, 4, 3), (90, 4, 3),
        ]
        for look in seen {
            probe.note(
                [
                    FinalRowTests.row(7, window: 0, look.count, revision: look.revision),
                    FinalRowTests.row(8, window: -60, 3, revision: 1),
                    FinalRowTests.row(9, window: 60, 3, revision: 1),
                ], at: FinalRowTests.seconds(look.at))
        }
        #expect(
            probe.finalRows(windowMilliseconds: 60_000, endingBy: FinalRowTests.seconds(119))
                == [81.5])
        #expect(
            probe.finalRows(windowMilliseconds: 60_000, endingBy: FinalRowTests.seconds(120))
                == [-39, 81.5])
    }

    @Test("the bound is window, disorder, the matcher's hold and 5 s")
    func bounds() {
        var parameters = TrafficUpdates.Parameters()
        parameters.window = 60
        parameters.outOfOrder = 10
        parameters.matcherHold = 8
        parameters.matcherLag = 100
        let bounds = FinalRowBounds(parameters)
        #expect(bounds.usual == 83 && bounds.latest == 175)
    }

    @Test("one row that is written again behind the matcher's last decision fails the run")
    func lateRow() throws {
        func faults(lastSeen: Double) throws -> [String] {
            let probe = try probe()
            let seen: [(at: Double, count: Int, revision: Int64)] = [
                (70, 3, 1), (lastSeen, 4, 2),
            ]
            for look in seen {
                let rows = (1...200).map { segment in
                    FinalRowTests.row(
                        UInt64(segment), window: 0, segment == 7 ? look.count : 3,
                        revision: segment == 7 ? look.revision : 1)
                }
                probe.note(rows, at: FinalRowTests.seconds(look.at))
            }
            var summary = good()
            summary.take(
                finalRows: probe.finalRows(
                    windowMilliseconds: 60_000, endingBy: FinalRowTests.seconds(120)),
                FinalRowBounds(TrafficUpdates.defaults))
            summary.judge(isJudged: true)
            return summary.faults
        }
        #expect(try faults(lastSeen: 174.9).isEmpty)
        #expect(
            try faults(lastSeen: 175.1)
                == ["a final row after 175.1 s, behind the matcher's last decision"])
    }

    @Test(
        "a run of two measured minutes watches the first for longer than its last revision may take"
    )
    func watchedLongEnough() throws {
        let demo = try DemoCommand.parse([])
        #expect(demo.live + demo.runOut > FinalRowBounds(TrafficUpdates.defaults).latest)
    }

    /// A summary without a fault.
    private func good() -> RunSummary {
        var summary = RunSummary()
        summary.pairs = RunSummary.minimumPairs
        (summary.matched_share, summary.coverage) = (0.99, 0.99)
        (summary.latency_count, summary.latency_p99_s) = (1_000, 11)
        (summary.final_row_count, summary.final_row_p99_s) = (1_000, 80)
        (summary.final_row_bound_s, summary.final_row_latest_s) = (83, 175)
        (summary.rows_compared, summary.final_row_max_s) = (1_000, 90)
        return summary
    }

    @Test("a run whose final rows come too late, or that has none, has a fault")
    func judged() {
        func faults(_ change: (inout RunSummary) -> Void) -> [String] {
            var summary = good()
            change(&summary)
            summary.judge(isJudged: true)
            return summary.faults
        }
        #expect(faults { _ in }.isEmpty)
        #expect(faults { $0.final_row_p99_s = 83.1 } == ["p99 of final rows above 83.0 s"])
        #expect(faults { $0.final_row_count = 0 }.count == 1)
        #expect(faults { $0.final_row_max_s = 176 }.count == 1)
        #expect(faults { $0.latency_p99_s = 15.1 }.count == 1)
        #expect(faults { $0.correction_p99_s = 15.1 }.count == 1)
        #expect(faults { $0.uncorrected = 1 }.count == 1)
        #expect(faults { ($0.revisions, $0.revisions_unresolved) = (1_000, 10) }.isEmpty)
        #expect(faults { ($0.revisions, $0.revisions_unresolved) = (1_000, 11) }.count == 1)
        #expect(
            faults { $0.rows_different = 3 }
                == ["3 of 1000 rows don't count the passages that were told"])
    }
}
