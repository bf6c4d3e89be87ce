import Records
import RoadNetwork
import Testing

@testable import Command
@testable import TrafficUpdates

/// From the sending of a location to the row that counts the passage, and to the row that was corrected.
@Suite("Latency of passages")
struct PassageLatencyTests {
    private static let start = EventTime(milliseconds: 1_760_000_040_000)

    private static func seconds(_ seconds: Double) -> EventTime {
        start.advanced(byMilliseconds: Int64(seconds * 1_000))
    }

    /// A passage of ten seconds, told when the location five seconds behind its end was sent.
    private static func told(
        _ vehicle: UInt64, left: Double, took: Double = 10, caused: Double? = nil,
        takenBack: Bool = false, confidence: Double = 1
    ) -> Telling {
        var passage = SegmentTraversal(
            vehicle: vehicle, visitor: 0, segment: SegmentID(rawValue: 7),
            enteredAt: seconds(left - took), leftAt: seconds(left), length: 100,
            completedAt: seconds(left + 5), freeFlowSeconds: 8, confidence: confidence)
        passage.isTakenBack = takenBack
        return Telling(
            passage: passage, completed: seconds(left + 5), caused: seconds(caused ?? left + 5))
    }

    /// What the row says of passages; nil where there are too few vehicles.
    private static func content(_ tellings: [Telling]) -> RowRevision.Content? {
        var speed = SegmentSpeed()
        for telling in tellings { speed.add(telling.passage, at: telling.passage.leftAt) }
        guard speed.vehicles >= 3 else { return nil }
        return RowRevision.Content(
            traversals: Int(speed.traversals), vehicles: speed.vehicles,
            speed: speed.harmonicMeanSpeed * 3.6, deviation: speed.standardDeviation * 3.6)
    }

    /// The latencies of tellings, where the row was seen to cover those of some numbers at some seconds.
    private static func latencies(
        _ told: [Telling], seen: [(at: Double, covers: [Int])], until: Double = 60
    ) -> PassageLatencies {
        var tellings = PassageTellings(windowMilliseconds: 60_000)
        for telling in told { tellings.take(telling) }
        tellings.finish()
        let revisions = seen.enumerated().map { number, look in
            RowRevision(
                seen: seconds(look.at), number: Int64(number),
                content: content(look.covers.map { told[$0] }))
        }
        let row = TrafficRow(segment: SegmentID(rawValue: 7), windowStart: start)
        return PassageLatencies(
            tellings, [row: revisions], minimumVehicles: 3, from: start, until: seconds(until))
    }

    @Test("a passage is counted by the first revision that it is in, whatever came in between")
    func counted() {
        let told = [
            Self.told(1, left: 10), Self.told(2, left: 11, took: 8), Self.told(3, left: 12),
            Self.told(4, left: 15, took: 9), Self.told(5, left: 16, took: 7),
        ]
        // The fifth is there before the fourth, though it was sent later.
        let latencies = Self.latencies(
            told, seen: [(20, [0, 1, 2]), (24, [0, 1, 2, 4]), (27, [0, 1, 2, 3, 4])])
        #expect(latencies.withVehiclesAwaited == [5, 4, 3, 7, 3])
        // The first two waited for the third vehicle, which was there at 17 s.
        #expect(latencies.toRow == [3, 3, 3, 7, 3])
        #expect(latencies.unresolved == 0 && latencies.unpublished == 0)
        #expect(latencies.corrections.isEmpty)
    }

    @Test(
        "a passage that was corrected counts with its first telling, and the correction by itself")
    func corrected() {
        let told = [
            Self.told(1, left: 10), Self.told(2, left: 10), Self.told(3, left: 10, took: 8),
            Self.told(1, left: 10, caused: 25, takenBack: true),
            Self.told(1, left: 11, took: 12, caused: 25),
        ]
        let latencies = Self.latencies(told, seen: [(18, [0, 1, 2]), (29, [0, 1, 2, 3, 4])])
        #expect(latencies.toRow == [3, 3, 3])
        #expect(latencies.corrections == [4])
        #expect(latencies.unresolved == 0)
    }

    @Test("a correction that comes into the row with what it corrects was never shown as wrong")
    func correctedBefore() {
        let told = [
            Self.told(1, left: 10), Self.told(2, left: 10), Self.told(3, left: 10, took: 8),
            Self.told(1, left: 10, caused: 17, takenBack: true),
            Self.told(1, left: 11, took: 12, caused: 17),
        ]
        let latencies = Self.latencies(told, seen: [(20, [0, 1, 2, 3, 4])])
        #expect(latencies.withVehiclesAwaited == [5, 5, 5])
        #expect(latencies.corrections.isEmpty && latencies.uncorrected == 0)
    }

    @Test("a correction that changes nothing in the row needs no revision")
    func changesNothing() {
        let told = [
            Self.told(1, left: 10), Self.told(2, left: 10), Self.told(3, left: 10, took: 8),
            Self.told(1, left: 10, caused: 25, takenBack: true),
            Self.told(1, left: 10, caused: 25, confidence: 0.9),
        ]
        let latencies = Self.latencies(told, seen: [(18, [0, 1, 2])])
        #expect(latencies.toRow == [3, 3, 3])
        #expect(latencies.corrections.isEmpty && latencies.uncorrected == 0)
    }

    @Test("what was taken back for good is no passage, and its row may be gone with it")
    func takenBack() {
        let told = [
            Self.told(1, left: 10), Self.told(2, left: 10), Self.told(3, left: 10, took: 8),
            Self.told(1, left: 10, caused: 25, takenBack: true),
        ]
        let gone = Self.latencies(told, seen: [(18, [0, 1, 2]), (28, [])])
        #expect(gone.toRow == [3, 3] && gone.corrections == [3])
        let kept = Self.latencies(told, seen: [(18, [0, 1, 2])])
        #expect(kept.toRow == [3, 3] && kept.uncorrected == 1)
    }

    @Test("a row that counts what nobody told is said to be unresolved, and times no passage early")
    func unresolved() {
        let told = (1...4).map { Self.told($0, left: 10, took: 6 + Double($0)) }
        let strange = told + [Self.told(9, left: 10, took: 20)]
        var tellings = PassageTellings(windowMilliseconds: 60_000)
        for telling in told { tellings.take(telling) }
        tellings.finish()
        let row = TrafficRow(segment: SegmentID(rawValue: 7), windowStart: Self.start)
        let latencies = PassageLatencies(
            tellings,
            [
                row: [
                    RowRevision(seen: Self.seconds(18), number: 1, content: Self.content(strange)),
                    RowRevision(seen: Self.seconds(21), number: 2, content: Self.content(told)),
                ]
            ], minimumVehicles: 3, from: Self.start, until: Self.seconds(60))
        #expect(latencies.unresolved == 1 && latencies.revisions == 2)
        #expect(latencies.toRow == [6, 6, 6, 6])
    }

    @Test("no passage is timed that was completed too late, or that no row counts")
    func untimed() {
        let told = (1...4).map { Self.told($0, left: 10 + Double($0)) }
        let latencies = Self.latencies(told, seen: [], until: 18)
        #expect(latencies.toRow.isEmpty && latencies.unpublished == 2)
    }
}
