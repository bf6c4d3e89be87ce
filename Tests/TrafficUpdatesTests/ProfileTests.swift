import Records
import RoadNetwork
import State
import Testing

@testable import TrafficUpdates

@Suite("The profile of the week")
struct ProfileTests {
    private static func passage(
        _ vehicle: Int, at seconds: Int64, speed: Double = 10
    ) -> SegmentTraversal {
        let left = EventTime(milliseconds: seconds * 1_000)
        return SegmentTraversal(
            vehicle: UInt64(vehicle), visitor: UInt64(vehicle), segment: SegmentID(rawValue: 7),
            enteredAt: left.advanced(byMilliseconds: Int64((-100_000 / speed).rounded())),
            leftAt: left, length: 100, completedAt: left, freeFlowSeconds: 8, confidence: 1)
    }

    @Test("a bin is five minutes of the week from Monday, before 1970 too")
    func bins() {
        func bin(_ seconds: Int64) -> UInt16 {
            WeekBin(EventTime(milliseconds: seconds * 1_000)).rawValue
        }
        // 1970-01-01 was a Thursday.
        #expect(bin(0) == 3 * 288)
        #expect(bin(-1) == 3 * 288 - 1)
        #expect(bin(4 * 86_400) == 0)
        #expect(bin(4 * 86_400 - 1) == 2_015)
        #expect(bin(4 * 86_400 + 299) == 0)
        #expect(bin(4 * 86_400 + 300) == 1)
        #expect(bin(18 * 86_400) == 0)
    }

    @Test("mean, variance and count of the passages; a week later they count for less")
    func weeks() {
        var state = ProfileState()
        for (vehicle, speed) in [10.0, 20, 10, 20].enumerated() {
            state.add(
                ProfileTests.passage(vehicle, at: 1_000, speed: speed), decay: 0.5)
        }
        #expect(abs(state.sum.mean - 400 / 30) < 1e-9)
        #expect(abs(state.sum.variance - 25) < 1e-9)
        #expect(state.sum.count == 4)
        #expect(abs(state.sum.freeFlow - 12.5) < 1e-9)
        #expect(state.visitors.count == 4)
        let week: Int64 = 7 * 86_400
        state.add(ProfileTests.passage(9, at: 1_000 + week, speed: 40), decay: 0.5)
        #expect(abs(state.sum.count - 3) < 1e-9)
        #expect(abs(state.sum.mean - 300 / 17.5) < 1e-9)
        // Two weeks on, and one that comes late.
        state.add(ProfileTests.passage(9, at: 1_000 + 3 * week, speed: 40), decay: 0.5)
        #expect(abs(state.sum.count - 1.75) < 1e-9)
        state.add(ProfileTests.passage(9, at: 1_000, speed: 40), decay: 0.5)
        #expect(abs(state.sum.count - 2.75) < 1e-9)
    }

    private static func decode<Value: BinaryCodable>(
        _ bytes: [UInt8], as type: Value.Type
    ) throws -> Value {
        try bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            return try Value(from: &reader)
        }
    }

    @Test("a state survives its bytes")
    func codec() throws {
        var state = ProfileState()
        for vehicle in 0..<5 {
            state.add(ProfileTests.passage(vehicle, at: 1_000), decay: 0.5)
        }
        let back = try ProfileTests.decode(state.encoded, as: ProfileState.self)
        #expect(back.encoded == state.encoded)
        #expect(back.visitors == state.visitors)
        let key = SegmentBin(segment: SegmentID(rawValue: 7), bin: WeekBin(rawValue: 2_015))
        #expect(try ProfileTests.decode(key.encoded, as: SegmentBin.self) == key)
    }

    @Test(
        "no order of coming, and nothing that was taken back, changes a profile",
        arguments: 0..<8 as Range<UInt64>)
    func order(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let week: Int64 = 7 * 86_400
        func state(_ passages: [SegmentTraversal]) -> [UInt8] {
            var state = ProfileState()
            for passage in passages { state.add(passage, decay: 0.85) }
            return state.encoded
        }
        // Two weeks with more vehicles than are told apart; the weeks come in their order, what lies within one
        // comes in any.
        let weeks = (0..<2).map { number in
            (0..<150).map { vehicle in
                ProfileTests.passage(
                    vehicle * 7 % 100 + 30 * number, at: 1_000 + Int64(number) * week,
                    speed: 3 + random.unit() * 30)
            }
        }
        let expected = state(weeks.flatMap { $0 })
        #expect(state(weeks.flatMap { $0.shuffled(using: &random) }) == expected)
        var few = ProfileState()
        for vehicle in 0..<3 { few.add(ProfileTests.passage(vehicle, at: 1_000), decay: 0.5) }
        let before = few.encoded
        few.add(ProfileTests.passage(9, at: 1_000, speed: 3), decay: 0.5)
        #expect(few.visitors.count == 4)
        few.add(ProfileTests.passage(9, at: 1_000, speed: 3).takenBack, decay: 0.5)
        #expect(few.encoded == before && few.visitors.count == 3)
    }

    @Test("vehicles are bounded, the last ones are kept, and none is remembered for ever")
    func visitors() {
        let week: Int64 = 7 * 86_400
        var state = ProfileState()
        for vehicle in 0..<500 {
            state.add(ProfileTests.passage(vehicle, at: 1_000), decay: 0.85)
        }
        #expect(state.visitors.count == ProfileVisitors.limit)
        for vehicle in 1_000..<1_010 {
            state.add(ProfileTests.passage(vehicle, at: 1_000 + week), decay: 0.85)
        }
        #expect(state.visitors.count == ProfileVisitors.limit)
        // One vehicle that passes every week is one, however often.
        for number in 2...20 as ClosedRange<Int64> {
            state.add(ProfileTests.passage(7, at: 1_000 + number * week), decay: 0.85)
            #expect(number > 9 || state.visitors.count >= 10)
        }
        #expect(state.visitors.count == 1)
    }

    @Test("what was measured weighs more the more of it there is")
    func blended() {
        let prior = SpeedPrior(speed: 10)
        #expect(prior.blended(with: 20, passages: 0) == 10)
        #expect(abs(prior.blended(with: 20, passages: 4) - 8 / (4 / 20.0 + 4 / 10.0)) < 1e-9)
        #expect(prior.blended(with: 20, passages: 4_000) > 19.9)
        #expect(SpeedPrior(ProfileSum(), freeFlow: 14).speed == 14)
        var sum = ProfileSum()
        for _ in 0..<400 { sum.add(ProfileTests.passage(1, at: 1_000)) }
        #expect(abs(SpeedPrior(sum, freeFlow: 20).speed - 10) < 0.1)
    }
}
