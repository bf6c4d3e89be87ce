import Geo
import MapMatching
import Records
import RoadNetwork
import Testing

@Suite("Lattices")
struct LatticeTests {
    private let graph: RoadGraph
    private let track: [Observation]

    init() throws {
        graph = try MatchingTown.make()
        track = MatchingTown.drive(
            [(0.5, 0), (2, 0), (2, 3), (4, 3), (4, 1), (1, 1), (1, 3.5)], sampling: 2.5, noise: 8,
            seed: 4)
    }

    @Test("a crash and restore before any observation changes nothing", arguments: [0, 10_000])
    func restore(reorderBound: Int64) throws {
        var settings = MatcherSettings()
        settings.reorderBound = reorderBound
        var matcher = MapMatcher(graph: graph, settings: settings)
        let whole = matcher.match(track)
        for crash in 0...track.count {
            var lattice = Lattice()
            var output = MatchOutput()
            for observation in track.prefix(crash) {
                matcher.advance(&lattice, with: observation, into: &output)
            }
            let bytes = lattice.encoded
            var restored = try Lattice(decoding: bytes)
            #expect(restored.encoded == bytes)
            #expect(restored.fits(graph))
            #expect(restored.oldestPendingTime == lattice.oldestPendingTime)
            var other = MapMatcher(graph: graph, settings: settings)
            for observation in track.dropFirst(crash) {
                other.advance(&restored, with: observation, into: &output)
            }
            other.flush(&restored, into: &output)
            #expect(output.traversals == whole.traversals)
            #expect(output.points == whole.points)
        }
    }

    @Test("an order of arrival shuffled within the bound changes nothing", arguments: 0..<20)
    func shuffled(seed: Int) {
        var settings = MatcherSettings()
        settings.reorderBound = 10_000
        var matcher = MapMatcher(graph: graph, settings: settings)
        let ordered = matcher.match(track)
        var random = SeededGenerator(seed: UInt64(seed))
        let shuffled = track.map { ($0, $0.time.milliseconds + Int64(random.next() % 10_000)) }
            .sorted { ($0.1, $0.0.sequence) < ($1.1, $1.0.sequence) }.map(\.0)
        #expect(shuffled.map(\.sequence) != track.map(\.sequence))
        #expect(matcher.match(shuffled).traversals == ordered.traversals)
    }

    @Test("an overtaken observation is placed on the way that was decided for its time")
    func late() {
        var matcher = MapMatcher(graph: graph)
        var lattice = Lattice()
        var output = MatchOutput()
        let held = track[8]
        for observation in track where observation.sequence != held.sequence {
            matcher.advance(&lattice, with: observation, into: &output)
            if observation.sequence == 12 {
                matcher.advance(&lattice, with: held, into: &output)
            }
        }
        matcher.flush(&lattice, into: &output)
        #expect(lattice.lateCount == 1)
        #expect(output.points.count == track.count)
        let segment = output.points.first { $0.sequence == held.sequence }?.segment
        let whole = matcher.match(track)
        let expected = whole.points.first { $0.sequence == held.sequence }?.segment
        #expect(segment != nil && segment == expected)
    }

    @Test("no traversal leaves its segment before the time at which the watermark was held")
    func watermark() {
        var matcher = MapMatcher(graph: graph)
        var lattice = Lattice()
        var output = MatchOutput()
        for observation in track {
            let held = lattice.oldestPendingTime
            output.removeAll()
            matcher.advance(&lattice, with: observation, into: &output)
            if let held {
                #expect(output.traversals.allSatisfy { $0.leaveTime >= held })
            }
        }
        #expect(lattice.oldestPendingTime != nil)
        matcher.flush(&lattice, into: &output)
        #expect(lattice.oldestPendingTime == nil && lattice.isEmpty)
    }

    @Test("a watermark releases what was held back")
    func release() {
        var settings = MatcherSettings()
        settings.reorderBound = 60_000
        var matcher = MapMatcher(graph: graph, settings: settings)
        var lattice = Lattice()
        var output = MatchOutput()
        for observation in track.prefix(12) {
            matcher.advance(&lattice, with: observation, into: &output)
        }
        #expect(output.points.isEmpty)
        matcher.advance(&lattice, to: track[10].time, into: &output)
        #expect(!output.points.isEmpty)
    }

    @Test("the lag is bounded in steps and time, and so is memory")
    func bounds() {
        var settings = MatcherSettings()
        settings.lagSteps = 3
        var matcher = MapMatcher(graph: graph, settings: settings)
        var lattice = Lattice()
        var output = MatchOutput()
        for observation in track {
            matcher.advance(&lattice, with: observation, into: &output)
            if let oldest = lattice.oldestPendingTime {
                let lag = observation.time.millisecondsSince(oldest)
                #expect(lag <= 4 * settings.longestStepInterval)
            }
        }
        // Ten observations a second at one place for twenty minutes.
        var largest = 0
        lattice = Lattice()
        for index in 0..<12_000 {
            matcher.advance(
                &lattice,
                with: Observation(
                    time: EventTime(milliseconds: Int64(index) * 100),
                    coordinate: MatchingTown.place(2, 2)),
                into: &output)
            if index % 50 == 0 { largest = max(largest, lattice.encoded.count) }
        }
        #expect(largest < 12_000)
    }

    @Test("damaged bytes are refused or fit, and never crash", arguments: 0..<8)
    func damaged(seed: Int) {
        var matcher = MapMatcher(graph: graph)
        var lattice = Lattice()
        var output = MatchOutput()
        for observation in track.prefix(20) {
            matcher.advance(&lattice, with: observation, into: &output)
        }
        var random = SeededGenerator(seed: UInt64(seed))
        for _ in 0..<500 {
            var bytes = lattice.encoded
            for _ in 0...(random.next() % 3) {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(
                    truncatingIfNeeded: random.next())
            }
            guard var damaged = try? Lattice(decoding: bytes), damaged.fits(graph) else { continue }
            for observation in track.dropFirst(20) {
                matcher.advance(&damaged, with: observation, into: &output)
            }
            matcher.flush(&damaged, into: &output)
            output.removeAll()
        }
    }
}
