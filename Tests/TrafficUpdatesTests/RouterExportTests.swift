import Records
import RoadNetwork
import State
import Testing
import Transforms

@testable import TrafficUpdates

@Suite("The newest speeds for routers")
struct RouterExportTests {
    static func update(
        _ segment: UInt64, minute: Int64, revision: UInt32 = 1, speed: Double? = 10
    ) -> TrafficUpdate {
        let window = Window(
            start: EventTime(milliseconds: minute * 60_000),
            end: EventTime(milliseconds: (minute + 1) * 60_000))
        var sum: SegmentSpeed?
        if let speed {
            var filled = SegmentSpeed()
            let left = window.start.advanced(byMilliseconds: 30_000)
            filled.add(
                SegmentTraversal(
                    vehicle: 1, visitor: 1, segment: SegmentID(rawValue: segment),
                    enteredAt: left.advanced(byMilliseconds: -Int64(100_000 / speed)), leftAt: left,
                    length: 100, completedAt: left, freeFlowSeconds: 8, confidence: 1), at: left)
            sum = filled
        }
        return TrafficUpdate(
            Change(
                key: SegmentID(rawValue: segment), window: window, revision: revision,
                finalAt: window.end, value: sum))
    }

    @Test("the newest window and revision counts, in whatever order they come")
    func newest() {
        var book = SpeedBook()
        book.take(Self.update(1, minute: 5, revision: 2, speed: 20))
        book.take(Self.update(1, minute: 5, revision: 1, speed: 10))
        book.take(Self.update(1, minute: 4, revision: 9, speed: 5))
        #expect(book.takeChanges().map(\.rawValue) == [1])
        #expect(abs((book[SegmentID(rawValue: 1)]?.speed ?? 0) - 20) < 0.01)
        #expect(book.takeChanges().isEmpty)
        // A tombstone of an older window says nothing; that of the newest takes it back.
        book.take(Self.update(1, minute: 4, speed: nil))
        #expect(book.count == 1)
        book.take(Self.update(1, minute: 5, speed: nil))
        #expect(book.count == 0)
        #expect(book.takeChanges().map(\.rawValue) == [1])
    }

    @Test("windows that ended before the bound are forgotten")
    func age() {
        var book = SpeedBook()
        for segment in 1...4 as ClosedRange<UInt64> {
            book.take(Self.update(segment, minute: Int64(segment) * 5))
        }
        _ = book.takeChanges()
        book.forget(endedBefore: book.newest.advanced(byMilliseconds: -600_000))
        #expect(book.segments.map(\.rawValue) == [2, 3, 4])
        #expect(book.takeChanges().map(\.rawValue) == [1])
    }
}
