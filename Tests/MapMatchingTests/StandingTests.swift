import Geo
import Records
import RoadNetwork
import Testing

@testable import MapMatching

@Suite("Standing and parked vehicles")
struct StandingTests {
    private let graph: RoadGraph

    init() throws {
        graph = try MatchingTown.make()
    }

    /// Where a vehicle truly is, in columns and rows, at a second.
    private typealias Course = (Double) -> (Double, Double)

    /// What is seen of a vehicle every `sampling` seconds, with normal noise of `noise` metres an axis.
    private func observations(
        seconds: Double, sampling: Double = 5, noise: Double, seed: UInt64, _ course: Course
    ) -> [Observation] {
        var random = SeededGenerator(seed: seed)
        func normal() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + random.unit() } * noise }
        return (0...Int(seconds / sampling)).map { index in
            let second = Double(index) * sampling
            let place = course(second)
            return Observation(
                time: EventTime(milliseconds: 1_000_000 + Int64(second * 1_000)),
                coordinate: MatchingTown.place(
                    place.0 + normal() / 200, place.1 + normal() / 200),
                sequence: UInt64(index))
        }
    }

    /// Settings for who has time: standing is noticed after half a minute.
    private static var patient: MatcherSettings {
        var settings = MatcherSettings()
        settings.standingAfter = 30_000
        return settings
    }

    private func match(
        _ observations: [Observation], _ settings: MatcherSettings = MatcherSettings()
    ) -> (output: MatchOutput, lattice: Lattice, parkedAt: Double?, leftAt: Double?) {
        var matcher = MapMatcher(graph: graph, settings: settings)
        var (lattice, output) = (Lattice(), MatchOutput())
        var (parked, left): (Double?, Double?) = (nil, nil)
        for observation in observations {
            matcher.advance(&lattice, with: observation, into: &output)
            let second = Double(observation.time.milliseconds - 1_000_000) / 1_000
            if lattice.isParked, parked == nil { parked = second }
            if !lattice.isParked, parked != nil, left == nil { left = second }
        }
        let before = lattice
        matcher.flush(&lattice, into: &output)
        return (output, before, parked, left)
    }

    /// Eastwards along the first street at 10 m/s, a stop of some seconds at `column`, then on.
    private func stop(at column: Double, for seconds: Double, beside row: Double = 0) -> Course {
        let arrival = (column - 0.5) * 20
        return { second in
            if second < arrival { return (0.5 + second / 20, 0) }
            if second < arrival + seconds { return (column, row) }
            return (min(4, column + (second - arrival - seconds) / 20), 0)
        }
    }

    @Test(
        "who creeps along in a jam for many minutes has not parked, and every passage counts",
        arguments: [0.15, 0.3, 0.6], [5.0, 30])
    func creeping(speed: Double, sampling: Double) {
        // From the middle of one block across a crossing: 30 minutes and more.
        let seconds = 340 / speed
        let seen = observations(seconds: seconds, sampling: sampling, noise: 8, seed: 3) {
            (1.5 + $0 * speed / 200, 0)
        }
        let (output, _, parked, _) = match(seen)
        #expect(parked == nil)
        let passed = output.traversals.filter(\.isComplete)
        #expect(MatchingTown.route(passed, graph) == ["1:4"])
        for traversal in passed { #expect(abs(traversal.speed / speed - 1) < 0.35) }
        #expect(output.points.count == seen.count)
    }

    @Test(
        "a stop of eight minutes on the road that ends by driving on was a jam: it counts",
        arguments: [(3.0, 5.0), (8, 1), (8, 5), (8, 15), (8, 30), (16, 5)],
        0..<8 as Range<UInt64>)
    func jam(noiseAndSampling: (Double, Double), seed: UInt64) {
        let (noise, sampling) = noiseAndSampling
        let seen = observations(
            seconds: 600, sampling: sampling, noise: noise, seed: seed, stop(at: 1.5, for: 480))
        // So much noise needs the means of positions from early on.
        let (output, lattice, parked, _) = match(
            seen, noise > 8 ? Self.patient : MatcherSettings())
        #expect(parked == nil && lattice.breakCount == 0)
        let across = output.traversals.filter { $0.isComplete && $0.duration > 400 }
        #expect(MatchingTown.route(across, graph) == ["1:3"])
        let total = output.traversals.reduce(0) { $0 + $1.length }
        #expect(abs(total - 700) < 60)
    }

    @Test(
        "who stands at a crossing for eight minutes has driven into no side street",
        arguments: [1.8, 1.9, 1.95, 2.05], 0..<8 as Range<UInt64>)
    func crossing(column: Double, seed: UInt64) {
        let seen = observations(seconds: 600, noise: 8, seed: seed, stop(at: column, for: 480))
        // So close before a crossing the first minutes alone may lead into the side street.
        let (output, lattice, parked, _) = match(
            seen, column == 1.95 ? Self.patient : MatcherSettings())
        #expect(parked == nil && lattice.breakCount == 0)
        // The long time is that of one of the two, whichever side of the crossing it was spent on.
        let complete = output.traversals.filter(\.isComplete).prefix(2)
        #expect(MatchingTown.route(Array(complete), graph) == ["1:3", "1:4"])
        let longest = complete.map(\.duration).max() ?? 0
        #expect(longest > 400)
    }

    @Test(
        "who stands for a quarter of an hour has parked, in a street canyon too",
        arguments: [(3.0, 5.0), (8, 1), (8, 5), (8, 30), (8, 60), (24, 5), (24, 15)],
        0..<6 as Range<UInt64>)
    func parked(noiseAndSampling: (Double, Double), seed: UInt64) throws {
        let (noise, sampling) = noiseAndSampling
        let seen = observations(
            seconds: 2_600, sampling: sampling, noise: noise, seed: seed,
            stop(at: 1.5, for: 2_400))
        let (output, _, parked, left) = match(seen)
        let parkedAt = try #require(parked)
        #expect(parkedAt >= 600 && parkedAt < 1_200)
        // Who drives away is seen to, within a few positions.
        let leftAt = try #require(left)
        #expect(leftAt >= 2_420 && leftAt < 2_430 + 4 * max(sampling, 5))
        #expect(output.points.count == seen.count)
        // Nothing tells of the time at the kerb.
        for traversal in output.traversals {
            let enter = Double(traversal.enterTime.milliseconds - 1_000_000) / 1_000
            let leave = Double(traversal.leaveTime.milliseconds - 1_000_000) / 1_000
            #expect(leave <= parkedAt + 1 || enter > 2_400)
            // While it isn't known yet, noise drives nowhere far.
            if noise <= 8 { #expect(leave < 60 || enter > 2_400 || !traversal.isComplete) }
        }
    }

    @Test("beside the road five minutes are enough")
    func aside() throws {
        let seen = observations(
            seconds: 900, noise: 5, seed: 2, stop(at: 1.5, for: 700, beside: 0.18))
        let (_, lattice, parked, left) = match(seen)
        let parkedAt = try #require(parked)
        #expect(parkedAt >= 300 && parkedAt < 480)
        #expect(left != nil && !lattice.isParked)
    }

    @Test("one odd position moves no parked vehicle")
    func outlier() throws {
        var seen = observations(seconds: 1_500, noise: 5, seed: 4, stop(at: 1.5, for: 5_000))
        seen[260].coordinate = MatchingTown.place(2.5, 0)
        let (output, lattice, parked, left) = match(seen)
        #expect(parked != nil && left == nil && lattice.isParked)
        #expect(output.points.count == seen.count)
        #expect(output.traversals.allSatisfy { $0.length < 200 })
    }

    @Test("a stay that begins with two positions has its mean between them")
    func begins() {
        func position(_ metres: Double, _ second: Int64) -> Lattice.Pending {
            Lattice.Pending(
                Observation(
                    time: EventTime(milliseconds: second * 1_000),
                    coordinate: MatchingTown.place(metres / 200, 0)))
        }
        let settings = MatcherSettings()
        var dwell = Dwell(position(0, 0))
        #expect(dwell.note(position(300, 5), settings) == .outside)
        #expect(dwell.note(position(600, 10), settings) == .moved)
        let mean = MatchingTown.plane.project(dwell.centre)
        #expect(abs(mean.x - 450) < 0.5 && abs(mean.y) < 0.5)
        #expect(dwell.since == 5_000)
    }

    @Test("a crash and restore at any moment of parking changes nothing")
    func restored() throws {
        let seen = observations(
            seconds: 1_300, sampling: 10, noise: 12, seed: 9, stop(at: 1.5, for: 1_100))
        let whole = match(seen).output
        for crash in stride(from: 1, to: seen.count, by: 3) {
            var matcher = MapMatcher(graph: graph)
            var (lattice, output) = (Lattice(), MatchOutput())
            for observation in seen.prefix(crash) {
                matcher.advance(&lattice, with: observation, into: &output)
            }
            let bytes = lattice.encoded
            lattice = try Lattice(decoding: bytes)
            #expect(lattice.encoded == bytes && lattice.fits(graph))
            for observation in seen.dropFirst(crash) {
                matcher.advance(&lattice, with: observation, into: &output)
            }
            matcher.flush(&lattice, into: &output)
            #expect(output.traversals == whole.traversals && output.points == whole.points)
        }
    }

    @Test("parking is judged behind the buffer that puts positions in order", arguments: 0..<6)
    func order(seed: Int) {
        let seen = observations(
            seconds: 1_300, noise: 12, seed: 9, stop(at: 1.5, for: 1_100))
        var settings = MatcherSettings()
        settings.reorderBound = 20_000
        var matcher = MapMatcher(graph: graph, settings: settings)
        var random = SeededGenerator(seed: UInt64(seed))
        let shuffled = seen.map { ($0, $0.time.milliseconds + Int64(random.next() % 20_000)) }
            .sorted { ($0.1, $0.0.sequence) < ($1.1, $1.0.sequence) }.map(\.0)
        let (a, b) = (matcher.match(seen), matcher.match(shuffled))
        #expect(a.traversals == b.traversals && a.points == b.points)
    }

    @Test("a stay whose bytes are damaged is refused where its times can't be")
    func damagedStay() throws {
        let settings = MatcherSettings()
        func position(_ x: Double, _ second: Int64) -> Lattice.Pending {
            let place = MatchingTown.plane.unproject(PlanarPoint(x: x, y: 0))
            return Lattice.Pending(
                time: second * 1_000, latitude: place.latitude, longitude: place.longitude,
                heading: .nan, speed: .nan, sequence: 0)
        }
        var dwell = Dwell(position(0, 0))
        #expect(dwell.note(position(300, 5), settings) == .outside)
        let bytes = dwell.encoded
        #expect(try Dwell(decoding: bytes) == dwell)
        // Behind the stay: the time of the position outside, its place, and that nothing has parked.
        for time in [Int64.min, .max, Lattice.timeLimit + 1] {
            var damaged = bytes
            let end = damaged.count - 1 - 8
            withUnsafeBytes(of: time.littleEndian) {
                damaged.replaceSubrange((end - 8)..<end, with: $0)
            }
            #expect(throws: CodecError.self) {
                // What is read begins a new stay at that time.
                var read = try Dwell(decoding: damaged)
                _ = read.note(position(600, 10), settings)
                _ = read.duration
            }
        }
    }
}
