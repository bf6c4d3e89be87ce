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
            WeekClock().bin(of: EventTime(milliseconds: seconds * 1_000)).rawValue
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

    private static let week: Int64 = 7 * 86_400
    private static let kept = ProfileWeek.kept(for: 3)

    private static func state(
        _ passages: [SegmentTraversal], decay: Double = 0.5, minimumVehicles: Int = 3
    ) -> ProfileHistory {
        var state = ProfileHistory()
        for passage in passages {
            add(passage, to: &state, decay: decay, minimumVehicles: minimumVehicles)
        }
        return state
    }

    private static func add(
        _ passage: SegmentTraversal, to state: inout ProfileHistory, decay: Double,
        minimumVehicles: Int = 3
    ) {
        state.add(
            passage, at: WeekClock().occurrence(of: passage.leftAt), decay: decay,
            minimumVehicles: minimumVehicles)
    }

    @Test("mean, variance and count of the passages; a week later they count for less")
    func weeks() {
        var passages = [10.0, 20, 10, 20].enumerated().map { vehicle, speed in
            ProfileTests.passage(vehicle, at: 1_000, speed: speed)
        }
        let first = ProfileTests.state(passages)
        let sum = first.sum(decay: 0.5)
        #expect(abs(sum.mean - 400 / 30) < 1e-9)
        #expect(abs(sum.variance - 25) < 1e-9)
        #expect(sum.count == 4)
        #expect(abs(sum.freeFlow - 12.5) < 1e-9)
        #expect(first.vehicles == 4)
        let week = ProfileTests.week
        func counts(_ passage: SegmentTraversal) -> ProfileSum {
            passages.append(passage)
            return ProfileTests.state(passages).sum(decay: 0.5)
        }
        let second = counts(ProfileTests.passage(9, at: 1_000 + week, speed: 40))
        #expect(abs(second.count - 3) < 1e-9)
        #expect(abs(second.mean - 300 / 17.5) < 1e-9)
        // One that comes a week late counts for as much as if it had come in time.
        let late = counts(ProfileTests.passage(8, at: 1_000, speed: 40))
        #expect(abs(late.count - 3.5) < 1e-9)
        // Two weeks on.
        let fourth = counts(ProfileTests.passage(9, at: 1_000 + 3 * week, speed: 40))
        #expect(abs(fourth.count - 1.875) < 1e-9)
        // One that comes when two later weeks are known is left out.
        #expect(abs(counts(ProfileTests.passage(7, at: 1_000)).count - 1.875) < 1e-9)
    }

    @Test("sums, faded week by week, are those of the formulas", arguments: 0..<6 as Range<UInt64>)
    func formulas(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let decay = 0.85
        let passages = (0..<200).map { index in
            ProfileTests.passage(
                Int(random.next() % 40), at: 1_000 + Int64(index / 40) * 2 * ProfileTests.week,
                speed: 3 + random.unit() * 30)
        }
        let sum = ProfileTests.state(passages, decay: decay).sum(decay: decay)
        var (weight, seconds, first, second) = (0.0, 0.0, 0.0, 0.0)
        for (index, passage) in passages.enumerated() {
            let share = (0..<(8 - 2 * (index / 40))).reduce(1.0) { share, _ in share * decay }
            let speed = 100 / passage.seconds
            weight += share
            seconds += share * passage.seconds
            first += share * speed
            second += share * speed * speed
        }
        #expect(abs(sum.count - weight) < 1e-3)
        #expect(abs(sum.mean - 100 * weight / seconds) < 1e-3)
        let mean = first / weight
        #expect(abs(sum.variance - (second / weight - mean * mean)) < 1e-3)
    }

    private static func decode<Value: BinaryCodable>(
        _ bytes: [UInt8], as type: Value.Type
    ) throws -> Value {
        try bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            return try Value(from: &reader)
        }
    }

    @Test("a state survives its bytes; damaged ones are refused or decode, and never crash")
    func codec() throws {
        var state = ProfileTests.state(
            (0..<40).map {
                ProfileTests.passage($0, at: 1_000 + Int64($0 / 10) * ProfileTests.week)
            })
        state.told = state.mark(decay: 0.5)
        let packed = ProfileState(state)
        #expect(
            try ProfileTests.decode(packed.encoded, as: ProfileState.self).encoded == packed.encoded
        )
        #expect(packed.history.encoded == state.encoded)
        #expect(ProfileState().encoded == [0] && ProfileState(ProfileHistory()).encoded == [0])
        let back = try ProfileTests.decode(state.encoded, as: ProfileHistory.self)
        #expect(back.encoded == state.encoded)
        #expect(back.vehicles == state.vehicles)
        let key = SegmentBin(segment: SegmentID(rawValue: 7), bin: WeekBin(rawValue: 2_015))
        #expect(try ProfileTests.decode(key.encoded, as: SegmentBin.self) == key)
        let berlin = try #require(WeekClock(timeZone: "Europe/Berlin"))
        var random = SeededGenerator(seed: 1)
        for _ in 0..<4_000 {
            var damaged = state.encoded
            for _ in 0...(random.next() % 3) {
                damaged[Int(random.next() % UInt64(damaged.count))] =
                    random.next() % 3 == 0 ? 0xff : UInt8(truncatingIfNeeded: random.next())
            }
            guard var read = try? ProfileTests.decode(damaged, as: ProfileHistory.self)
            else { continue }
            _ = (read.vehicles, read.sum(decay: 0.85), read.newest.map { berlin.end(of: $0) })
            for week in 0..<4 as Range<Int64> {
                ProfileTests.add(
                    ProfileTests.passage(9, at: 1_000 + week * ProfileTests.week), to: &read,
                    decay: 0.85)
            }
            // What has changed has bytes again.
            #expect(throws: Never.self) {
                try ProfileTests.decode(ProfileState(read).encoded, as: ProfileState.self)
            }
        }
    }

    /// Passages of five weeks by few vehicles, and with them some that are told and taken back.
    private static func corrected(
        _ random: inout SeededGenerator
    ) -> (stand: [SegmentTraversal], all: [SegmentTraversal]) {
        var (stand, all): ([SegmentTraversal], [SegmentTraversal]) = ([], [])
        for number in 0..<5 as Range<Int64> {
            for _ in 0..<6 {
                let passage = ProfileTests.passage(
                    Int(random.next() % 5), at: 1_000 + number * week,
                    speed: 3 + random.unit() * 30)
                all.append(passage)
                if random.next() % 3 == 0 || number == 4 {
                    all.append(passage.takenBack)
                } else {
                    stand.append(passage)
                }
            }
        }
        return (stand, all)
    }

    @Test(
        "no order of coming, and nothing that was taken back, changes a profile",
        arguments: 0..<32 as Range<UInt64>)
    func order(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let (stand, all) = ProfileTests.corrected(&random)
        let expected = ProfileTests.state(stand, decay: 0.85, minimumVehicles: 5)
        // Each comes less than two weeks late, a correction behind what it corrects.
        var due: [(Int64, SegmentTraversal)] = []
        for passage in all {
            let late = Int64(random.unit() * 1.9 * Double(ProfileTests.week)) * 1_000
            let time = passage.leftAt.milliseconds + late
            let before = passage.isTakenBack ? due.last?.0 : nil
            due.append((max(time, before ?? time), passage))
        }
        let shuffled = due.enumerated().sorted {
            ($0.element.0, $0.offset) < ($1.element.0, $1.offset)
        }.map(\.element.1)
        let state = ProfileTests.state(shuffled, decay: 0.85, minimumVehicles: 5)
        #expect(state.newest == expected.newest)
        #expect(state.sum(decay: 0.85) == expected.sum(decay: 0.85))
        #expect(state.vehicles == expected.vehicles)
        #expect(state.vehicles == Set(stand.map(\.visitor)).count)
    }

    @Test("a vehicle whose passage of this week is taken back has still passed in the weeks before")
    func earlierWeeks() {
        var state = ProfileTests.state((0..<3).map { ProfileTests.passage($0, at: 1_000) })
        let before = state.encoded
        let again = ProfileTests.passage(0, at: 1_000 + ProfileTests.week, speed: 30)
        ProfileTests.add(again, to: &state, decay: 0.5)
        #expect(state.vehicles == 3 && abs(state.sum(decay: 0.5).count - 2.5) < 1e-9)
        ProfileTests.add(again.takenBack, to: &state, decay: 0.5)
        #expect(state.vehicles == 3 && state.sum(decay: 0.5).count == 3)
        #expect(state.encoded == before)
    }

    @Test("more vehicles than are kept apart: which are kept is the same in every order")
    func crowds() {
        var random = SeededGenerator(seed: 4)
        let weeks = (0..<2).map { number in
            (0..<150).map { vehicle in
                ProfileTests.passage(
                    vehicle * 7 % 100 + 30 * number, at: 1_000 + Int64(number) * ProfileTests.week,
                    speed: 3 + random.unit() * 30)
            }
        }
        let expected = ProfileTests.state(weeks.flatMap { $0 }, decay: 0.85).encoded
        for _ in 0..<8 {
            let shuffled = weeks.flatMap { $0.shuffled(using: &random) }
            #expect(ProfileTests.state(shuffled, decay: 0.85).encoded == expected)
        }
    }

    @Test("vehicles are bounded, the last ones are kept, and none is remembered for ever")
    func visitors() {
        var state = ProfileTests.state((0..<500).map { ProfileTests.passage($0, at: 1_000) })
        #expect(state.vehicles == ProfileTests.kept)
        for most in [1, 3, ProfileVisitors.limit] {
            #expect(ProfileWeek.kept(for: most) > most)
            #expect(ProfileVisitors.kept(for: most) == most)
        }
        // One vehicle that passes every week is one, however often.
        for number in 1...20 as ClosedRange<Int64> {
            ProfileTests.add(
                ProfileTests.passage(1_007, at: 1_000 + number * ProfileTests.week), to: &state,
                decay: 0.85)
            // As many as are asked for are remembered of weeks that are over.
            #expect(number > 8 || state.vehicles >= 3)
        }
        #expect(state.vehicles == 1)
    }

    @Test(
        "whether enough have passed is told as if all of eight weeks were remembered",
        arguments: 1...6 as ClosedRange<Int>)
    func enough(minimumVehicles: Int) {
        var random = SeededGenerator(seed: UInt64(minimumVehicles))
        for _ in 0..<40 {
            var history = ProfileHistory()
            var seen: [(week: Int64, vehicle: Int)] = []
            var week: Int64 = 0
            for _ in 0..<14 {
                week += 1 + Int64(random.next() % 4 == 0 ? random.next() % 7 : 0)
                for _ in 0...(random.next() % 3) {
                    let vehicle = Int(random.next() % 8)
                    seen.append((week, vehicle))
                    ProfileTests.add(
                        ProfileTests.passage(vehicle, at: 1_000 + week * ProfileTests.week),
                        to: &history, decay: 0.85, minimumVehicles: minimumVehicles)
                }
                let newest = week
                let all = Set(seen.filter { $0.week >= newest - 8 }.map(\.vehicle))
                #expect((history.vehicles >= minimumVehicles) == (all.count >= minimumVehicles))
            }
        }
    }

    /// Bytes of a key with its state, its timer and the time when it was seen.
    private static func bytes(_ history: ProfileHistory) -> Int {
        let key = SegmentBin(segment: SegmentID(rawValue: 1 << 60), bin: WeekBin(rawValue: 2_000))
        return key.encoded.count + ProfileState(history).encoded.count + 9 + 8
    }

    @Test("a key takes few bytes, and never more than the documentation says")
    func sizes() {
        func history(weeks: Int, vehicles: Int) -> ProfileHistory {
            var passages: [SegmentTraversal] = []
            for week in 0..<weeks {
                for vehicle in 0..<vehicles {
                    var passage = ProfileTests.passage(
                        vehicle, at: 1_760_000_000 + Int64(week) * ProfileTests.week,
                        speed: 7.123 + Double(vehicle % 5))
                    passage.visitor = SeededGenerator.mix(UInt64(100 * week + vehicle + 1))
                    passages.append(passage)
                }
            }
            var history = ProfileTests.state(passages)
            if vehicles >= 3 { history.told = history.mark(decay: 0.85) }
            return history
        }
        let sizes = [(1, 1), (1, 3), (3, 3), (9, 30)].map {
            ProfileTests.bytes(history(weeks: $0.0, vehicles: $0.1))
        }
        let bounds = [70, 90, 185, 420]
        #expect(zip(sizes, bounds).allSatisfy { $0 <= $1 }, "\(sizes)")
        // As large as it gets, whoever passes how often.
        #expect(ProfileTests.bytes(history(weeks: 9, vehicles: 300)) <= 420)
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
