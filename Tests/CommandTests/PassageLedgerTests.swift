import PostgresClient
import Records
import RoadNetwork
import Runtime
import Testing
import TrafficUpdates

@testable import Command

/// How `make run` times passages, those that were corrected among them, and compares rows with what was told.
@Suite("Passages and their rows")
struct PassageLedgerTests {
    private static let start = EventTime(milliseconds: 1_760_000_040_000)

    private static func seconds(_ seconds: Double) -> EventTime {
        start.advanced(byMilliseconds: Int64(seconds * 1_000))
    }

    private static func passage(
        _ vehicle: UInt64, segment: UInt64 = 7, left: Double, completed: Double
    ) -> SegmentTraversal {
        SegmentTraversal(
            vehicle: vehicle, visitor: 0, segment: SegmentID(rawValue: segment),
            enteredAt: seconds(left - 10), leftAt: seconds(left), length: 100,
            completedAt: seconds(completed), freeFlowSeconds: 8, confidence: 1)
    }

    private static let row = LatencyProbe.Row(
        segment: SegmentID(rawValue: 7), windowStart: start)

    private func probe(
        _ seen: [(at: Double, count: Int, revision: Int64)]
    ) throws -> LatencyProbe {
        let nowhere = try PostgresConfiguration("postgresql://nobody@127.0.0.1:1/nothing")
        let probe = LatencyProbe(
            PostgresPool(nowhere, size: 1), clock: ScaledClock(start: Self.start), from: Self.start)
        for look in seen {
            probe.note(
                [.init(row: Self.row, traversals: look.count, revision: look.revision)],
                at: Self.seconds(look.at))
        }
        return probe
    }

    @Test("a location that was overtaken is what a corrected passage could be known from")
    func sending() {
        // Seen at 20, 25, 30 and 35 s; what was seen at 25 s is sent at 38 s.
        let sends = VehicleSends([
            (Self.seconds(20), Self.seconds(20)), (Self.seconds(25), Self.seconds(38)),
            (Self.seconds(30), Self.seconds(30)), (Self.seconds(35), Self.seconds(35)),
        ])
        let early = sends.sending(
            of: Self.passage(1, left: 18, completed: 20), isCorrected: false)
        #expect(early?.first == Self.seconds(20) && early?.known == Self.seconds(20))
        // The location at 30 s was there first and is behind the end as well.
        let corrected = sends.sending(
            of: Self.passage(1, left: 23, completed: 25), isCorrected: true)
        #expect(corrected?.first == Self.seconds(30) && corrected?.known == Self.seconds(38))
        let behind = sends.sending(
            of: Self.passage(1, left: 27, completed: 30), isCorrected: true)
        #expect(behind?.first == Self.seconds(30) && behind?.known == Self.seconds(38))
        let unknown = sends.sending(
            of: Self.passage(1, left: 50, completed: 52), isCorrected: false)
        #expect(unknown == nil)
    }

    @Test("a corrected passage is counted by the revision behind its correction")
    func corrected() throws {
        let probe = try probe([(34, 3, 1), (40, 3, 2), (43, 4, 3)])
        let passages = (1...4).map { Self.passage($0, left: Double(20 + $0), completed: 30) }
        func latencies(correctedAt known: Double) -> [Double] {
            probe.latencies(
                of: passages, windowMilliseconds: 60_000, minimumVehicles: 3,
                isTimed: { $0.vehicle == 1 }
            ) {
                LatencyProbe.Sending(
                    first: Self.seconds(30),
                    known: Self.seconds($0.vehicle == 1 ? known : 30))
            }.withVehiclesAwaited
        }
        #expect(latencies(correctedAt: 30) == [4])
        // Three others are known by then, so that only a revision that counts four has it.
        #expect(latencies(correctedAt: 38) == [13])
        #expect(latencies(correctedAt: 44) == [])
    }

    @Test("what was taken back stands no more, and what stands in its place is known as corrected")
    func ledger() {
        var ledger = PassageLedger(windowMilliseconds: 60_000)
        let (wrong, right) = (
            Self.passage(1, left: 20, completed: 25), Self.passage(1, left: 21, completed: 25)
        )
        let other = Self.passage(2, left: 20, completed: 25)
        let later = Self.passage(1, left: 50, completed: 55)
        var takenBack = wrong
        takenBack.isTakenBack = true
        for told in [wrong, other, takenBack, right, later] { ledger.take(told) }
        #expect(ledger.standing == [right: true, other: false, later: false])
        #expect(ledger.rows[Self.row]?.passages == 3)
        #expect(ledger.rows[Self.row]?.vehicles == [1: 2, 2: 1])
    }

    @Test(
        "a row that counts other passages than were told, lacks, or should not be there is different"
    )
    func differences() {
        var ledger = PassageLedger(windowMilliseconds: 60_000)
        for vehicle in 1...4 {
            ledger.take(Self.passage(UInt64(vehicle), left: 20, completed: 25))
        }
        ledger.take(Self.passage(1, segment: 8, left: 20, completed: 25))
        let few = LatencyProbe.Row(segment: SegmentID(rawValue: 8), windowStart: Self.start)
        func different(_ counted: [LatencyProbe.Row: Int]) -> Int {
            ledger.differences(from: counted, minimumVehicles: 3, since: Self.start).different
        }
        #expect(different([Self.row: 4]) == 0)
        #expect(different([Self.row: 3]) == 1)
        #expect(different([:]) == 1)
        #expect(different([Self.row: 4, few: 1]) == 1)
        let unknown = LatencyProbe.Row(segment: SegmentID(rawValue: 9), windowStart: Self.start)
        #expect(different([Self.row: 4, unknown: 3]) == 1)
        let later = ledger.differences(
            from: [:], minimumVehicles: 3, since: Self.seconds(60))
        #expect(later.compared == 0 && later.different == 0)
    }
}
