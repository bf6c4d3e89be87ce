import Records
import RoadNetwork
import Testing
import TrafficUpdates

@testable import Command

/// How `make run` compares rows with what was told.
@Suite("Rows and the passages that were told")
struct PassageLedgerTests {
    private static let start = EventTime(milliseconds: 1_760_000_040_000)

    private static func passage(_ vehicle: UInt64, segment: UInt64 = 7) -> SegmentTraversal {
        SegmentTraversal(
            vehicle: vehicle, visitor: 0, segment: SegmentID(rawValue: segment),
            enteredAt: start, leftAt: start.advanced(byMilliseconds: 20_000), length: 100,
            completedAt: start.advanced(byMilliseconds: 25_000), freeFlowSeconds: 8, confidence: 1)
    }

    private static let row = TrafficRow(segment: SegmentID(rawValue: 7), windowStart: start)

    @Test("what was taken back stands no more")
    func ledger() {
        var ledger = PassageLedger(windowMilliseconds: 60_000)
        var takenBack = Self.passage(1)
        takenBack.isTakenBack = true
        for told in [Self.passage(1), Self.passage(2), takenBack, Self.passage(1), Self.passage(1)]
        { ledger.take(told) }
        #expect(ledger.rows[Self.row]?.passages == 3)
        #expect(ledger.rows[Self.row]?.vehicles == [1: 2, 2: 1])
    }

    @Test(
        "a row that counts other passages than were told, lacks, or should not be there is different"
    )
    func differences() {
        var ledger = PassageLedger(windowMilliseconds: 60_000)
        for vehicle in 1...4 { ledger.take(Self.passage(UInt64(vehicle))) }
        ledger.take(Self.passage(1, segment: 8))
        let few = TrafficRow(segment: SegmentID(rawValue: 8), windowStart: Self.start)
        func different(_ counted: [TrafficRow: Int]) -> Int {
            ledger.differences(from: counted, minimumVehicles: 3, since: Self.start).different
        }
        #expect(different([Self.row: 4]) == 0)
        #expect(different([Self.row: 3]) == 1)
        #expect(different([:]) == 1)
        #expect(different([Self.row: 4, few: 1]) == 1)
        let unknown = TrafficRow(segment: SegmentID(rawValue: 9), windowStart: Self.start)
        #expect(different([Self.row: 4, unknown: 3]) == 1)
        let later = ledger.differences(
            from: [:], minimumVehicles: 3, since: Self.start.advanced(byMilliseconds: 60_000))
        #expect(later.compared == 0 && later.different == 0)
    }
}
