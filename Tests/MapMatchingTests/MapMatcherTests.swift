import Geo
import MapMatching
import Records
import RoadNetwork
import Testing

@Suite("Matching")
struct MapMatcherTests {
    private let graph: RoadGraph

    init() throws {
        graph = try MatchingTown.make()
    }

    /// Traversals of one track must join up in place and time and sum up to the way between.
    private func expectJoined(
        _ traversals: [Traversal], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for (a, b) in zip(traversals, traversals.dropFirst()) {
            #expect(a.leaveTime == b.enterTime, sourceLocation: sourceLocation)
            if graph.reverse(a.segment) == b.segment, a.leaveOffset < graph.length(a.segment) {
                continue
            }
            #expect(
                graph.endNode(a.segment) == graph.startNode(b.segment),
                sourceLocation: sourceLocation)
            #expect(
                abs(a.leaveOffset - graph.length(a.segment)) < 0.1, sourceLocation: sourceLocation)
            #expect(b.enterOffset == 0, sourceLocation: sourceLocation)
        }
    }

    @Test(
        "a drive round two corners gives its segments, times and lengths",
        arguments: [
            1.0, 2, 5, 10, 15,
        ])
    func corners(sampling: Double) {
        let observations = MatchingTown.drive(
            [(0.5, 0), (2, 0), (2, 3), (4, 3)], sampling: sampling)
        var matcher = MapMatcher(graph: graph)
        let output = matcher.match(observations)
        #expect(
            MatchingTown.route(output.traversals, graph) == [
                "1:2", "1:3", "13:13", "13:23", "13:33", "4:34", "4:35",
            ])
        expectJoined(output.traversals)
        let total = output.traversals.reduce(0) { $0 + $1.length }
        let driven = 10 * sampling * Double(observations.count - 1)
        #expect(abs(total - driven) < 3)
        for traversal in output.traversals where traversal.isComplete {
            #expect(abs(traversal.speed - 10) < (sampling > 5 ? 1.2 : 0.8))
            #expect(traversal.completionTime >= traversal.leaveTime)
        }
        #expect(output.traversals.count { $0.isComplete } >= 5)
        #expect(output.points.map(\.sequence).sorted() == observations.map(\.sequence))
        #expect(output.points.allSatisfy { $0.segment != nil })
    }

    @Test(
        "a drive across the antimeridian is matched as elsewhere",
        arguments: [171.994, 171.9965, 171.989, 172.0])
    func antimeridian(turn: Double) throws {
        let there = try MatchingTown.make(turned: turn)
        let corners = [(0.5, 0.0), (2, 0), (2, 3), (4, 3), (4, 1), (0, 1)]
        for noise in [0.0, 8] {
            let observations = MatchingTown.drive(corners, sampling: 2, noise: noise)
            let turned = observations.map { observation in
                var observation = observation
                let longitude = Longitude.wrapped(observation.coordinate.longitude + turn)
                observation.coordinate.longitude = longitude
                return observation
            }
            var (matcher, other) = (MapMatcher(graph: graph), MapMatcher(graph: there))
            let (expected, output) = (matcher.match(observations), other.match(turned))
            #expect(
                MatchingTown.route(output.traversals, there)
                    == MatchingTown.route(expected.traversals, graph))
            for (a, b) in zip(output.traversals, expected.traversals) {
                #expect(abs(a.length - b.length) < 0.2)
                #expect(abs(a.speed - b.speed) < 0.2)
            }
            #expect(output.points.allSatisfy { $0.segment != nil })
        }
    }

    @Test("who stands on the antimeridian is seen to stand", arguments: [0.0, 171.9945])
    func standingThere(turn: Double) throws {
        let there = try MatchingTown.make(turned: turn)
        var matcher = MapMatcher(graph: there)
        // Up to the crossing, a minute there, and on.
        var observations = MatchingTown.drive([(0, 0), (2, 0)], noise: 6)
        for _ in 0..<12 {
            observations += MatchingTown.drive(
                [(2, 0), (2, 0)], noise: 6, seed: UInt64(observations.count))
        }
        observations += MatchingTown.drive([(2, 0), (4, 0)], noise: 6)
        for index in observations.indices {
            let longitude = observations[index].coordinate.longitude + turn
            observations[index].coordinate.longitude = Longitude.wrapped(longitude)
            observations[index].time = EventTime(milliseconds: 1_000_000 + Int64(index) * 5_000)
            observations[index].sequence = UInt64(index)
        }
        let output = matcher.match(observations)
        #expect(MatchingTown.route(output.traversals, there) == ["1:2", "1:3", "1:4", "1:5"])
    }

    @Test("a passage is given out with the observation that completes it")
    func atOnce() {
        let observations = MatchingTown.drive([(0.5, 0), (3.9, 0)])
        var matcher = MapMatcher(graph: graph)
        var lattice = Lattice()
        var output = MatchOutput()
        for (index, observation) in observations.enumerated() {
            matcher.advance(&lattice, with: observation, into: &output)
            // 50 m a step from the middle of the first segment; 50 m behind a junction nothing is open.
            let metres = 100 + 50 * index
            if metres > 200, metres % 200 >= 50 {
                #expect(output.traversals.count == metres / 200)
            }
        }
        matcher.flush(&lattice, into: &output)
        expectJoined(output.traversals)
        #expect(MatchingTown.route(output.traversals, graph) == ["1:2", "1:3", "1:4", "1:5"])
        #expect(output.traversals.allSatisfy { $0.confidence > 0.9 && $0.confidence <= 1 })
    }

    @Test("what is given out early is what is decided later", arguments: 0..<40 as Range<UInt64>)
    func early(seed: UInt64) {
        let observations = MatchingTown.drive(
            [(0.5, 0), (2, 0), (2, 3), (0, 3), (0, 1), (3.6, 1)], noise: 6, seed: seed)
        var matcher = MapMatcher(graph: graph)
        let output = matcher.match(observations)
        expectJoined(output.traversals)
        #expect(output.points.map(\.sequence).sorted() == observations.map(\.sequence))
        for traversal in output.traversals {
            #expect(traversal.enterTime <= traversal.leaveTime)
            #expect((0...1).contains(traversal.confidence))
        }
        // Whoever waits until no path that the beam leaves contradicts it drives the same way.
        var settings = MatcherSettings()
        (settings.margin, settings.leastMargin) = (.infinity, .infinity)
        (settings.lagSteps, settings.lagBound) = (10_000, 1 << 40)
        var patient = MapMatcher(graph: graph, settings: settings)
        var lattice = Lattice()
        var late = MatchOutput()
        for observation in observations {
            patient.advance(&lattice, with: observation, into: &late)
        }
        patient.flush(&lattice, into: &late)
        #expect(output.traversals.map(\.segment) == late.traversals.map(\.segment))
        // All of the way is there, once.
        let total = output.traversals.reduce(0) { $0 + $1.length }
        #expect(abs(total - 50 * Double(observations.count - 1)) < 120)
    }

    @Test("noise of 8 m changes no route", arguments: 1..<9 as Range<UInt64>)
    func noise(seed: UInt64) {
        let observations = MatchingTown.drive(
            [(0.5, 0), (2, 0), (2, 3), (3.5, 3)], noise: 8, seed: seed)
        var matcher = MapMatcher(graph: graph)
        let output = matcher.match(observations)
        let complete = output.traversals.filter(\.isComplete)
        #expect(
            Array(MatchingTown.route(complete, graph).prefix(5)) == [
                "1:3", "13:13", "13:23", "13:33", "4:34",
            ])
        expectJoined(output.traversals)
    }

    @Test("a one-way isn't driven against its direction")
    func oneWay() {
        // Along the one-way's line, but westwards: nothing is claimed along it, and no passage goes against it.
        let observations = MatchingTown.drive([(3.5, 2), (0.5, 2)])
        var matcher = MapMatcher(graph: graph)
        let output = matcher.match(observations)
        #expect(output.points.count == observations.count)
        let along = output.traversals.filter { graph.segment($0.segment).way == 3 }
        // What there is of the one-way at all is standing on it, or crossing it: no metres westwards.
        #expect(along.reduce(0) { $0 + $1.length } < 150, "\(along)")
        #expect(!MatchingTown.route(along.filter(\.isComplete), graph).contains("3:22"))
        for (a, b) in zip(output.traversals, output.traversals.dropFirst())
        where a.leaveTime == b.enterTime {
            #expect(
                graph.endNode(a.segment) == graph.startNode(b.segment)
                    || graph.reverse(a.segment) == b.segment)
        }
        // On a street that is open to both sides the same drive is matched westwards.
        let open = matcher.match(MatchingTown.drive([(3.5, 1), (0.5, 1)]))
        #expect(MatchingTown.route(open.traversals, graph) == ["2:14", "2:13", "2:12", "2:11"])
        let eastwards = matcher.match(MatchingTown.drive([(0.5, 2), (3.5, 2)]))
        #expect(
            MatchingTown.route(eastwards.traversals, graph) == ["3:22", "3:23", "3:24", "3:25"])
    }

    @Test("a heading decides the direction of the first segment")
    func heading() {
        let place = MatchingTown.place(1.5, 0)
        for (heading, end) in [(90.0, "1:3"), (270.0, "1:2")] {
            var matcher = MapMatcher(graph: graph)
            var lattice = Lattice()
            var output = MatchOutput()
            matcher.advance(
                &lattice,
                with: Observation(
                    time: EventTime(milliseconds: 0), coordinate: place, heading: heading, speed: 9),
                into: &output)
            matcher.flush(&lattice, into: &output)
            let segment = output.points.first?.segment ?? 0
            #expect(
                "\(graph.segment(segment).way):\(graph.nodeID(graph.endNode(segment)))" == end)
        }
    }

    @Test("a standing car drives nowhere")
    func standing() {
        var observations = MatchingTown.drive([(0.5, 1), (1.5, 1)], noise: 6)
        let stop = observations.count
        let last = observations[stop - 1].time.milliseconds
        var random = SeededGenerator(seed: 11)
        for index in 0..<120 {
            let plane = LocalProjection(origin: MatchingTown.place(1.5, 1))
            observations.append(
                Observation(
                    time: EventTime(milliseconds: last + Int64(index + 1) * 5_000),
                    coordinate: plane.unproject(
                        PlanarPoint(x: random.unit() * 24 - 12, y: random.unit() * 24 - 12)),
                    sequence: UInt64(stop + index)))
        }
        var matcher = MapMatcher(graph: graph)
        let output = matcher.match(observations)
        #expect(MatchingTown.route(output.traversals, graph) == ["2:12", "2:13"])
        let total = output.traversals.reduce(0) { $0 + $1.length }
        #expect(abs(total - 200) < 25)
        #expect(output.points.count == observations.count)
    }

    @Test("a U-turn is one, and costs no segment")
    func uTurn() {
        let observations = MatchingTown.drive([(0.5, 1), (2.6, 1), (0.5, 1)], speed: 8)
        var matcher = MapMatcher(graph: graph)
        let route = MatchingTown.route(matcher.match(observations).traversals, graph)
        #expect(route == ["2:12", "2:13", "2:14", "2:13", "2:12", "2:11"])
    }

    @Test("a gap breaks the track, and nothing is claimed across it")
    func gap() {
        let first = MatchingTown.drive([(0.5, 0), (2.5, 0)])
        let second = MatchingTown.drive(
            [(0.5, 4), (2.5, 4)], start: 1_000_000 + 300_000 + 40_000)
        var matcher = MapMatcher(graph: graph)
        let output = matcher.match(first + second)
        #expect(
            MatchingTown.route(output.traversals, graph) == [
                "1:2", "1:3", "1:4", "5:42", "5:43", "5:44",
            ])
        let across = output.traversals[3]
        #expect(across.enterTime == second.first?.time)
    }

    @Test("a jump breaks the track after a few strays")
    func jump() {
        let first = MatchingTown.drive([(0.5, 0), (2.5, 0)])
        let last = first[first.count - 1].time.milliseconds
        let far = MatchingTown.drive([(0.5, 4), (3.5, 4)], start: last + 1_000)
        var matcher = MapMatcher(graph: graph)
        let output = matcher.match(first + far)
        let ways = output.traversals.map { graph.segment($0.segment).way }
        #expect(Set(ways) == [1, 5])
        #expect(output.points.count == first.count + far.count)
    }

    @Test("off the map nothing is placed, and the track goes on behind")
    func offTheMap() {
        var observations = MatchingTown.drive([(0.5, 0), (2.5, 0)])
        let last = observations[observations.count - 1].time.milliseconds
        for index in 0..<20 {
            observations.append(
                Observation(
                    time: EventTime(milliseconds: last + Int64(index + 1) * 5_000),
                    coordinate: MatchingTown.place(2.5, -5 - Double(index)),
                    sequence: UInt64(observations.count)))
        }
        let back = MatchingTown.drive([(0.5, 4), (2.5, 4)], start: last + 110_000)
        var matcher = MapMatcher(graph: graph)
        let output = matcher.match(observations + back)
        #expect(output.points.count { $0.segment == nil } == 20)
        #expect(
            MatchingTown.route(output.traversals, graph) == [
                "1:2", "1:3", "1:4", "5:42", "5:43", "5:44",
            ])
    }

    @Test("what is no place is answered at once and changes nothing")
    func invalid() {
        var matcher = MapMatcher(graph: graph)
        var lattice = Lattice()
        var output = MatchOutput()
        let places = [(Double.nan, 8.0), (91, 8), (49, 200), (.infinity, 0)]
        for (index, place) in places.enumerated() {
            matcher.advance(
                &lattice,
                with: Observation(
                    time: EventTime(milliseconds: 5),
                    coordinate: Coordinate(latitude: place.0, longitude: place.1),
                    sequence: UInt64(index)),
                into: &output)
        }
        #expect(output.points.map(\.sequence) == [0, 1, 2, 3])
        #expect(output.points.allSatisfy { $0.segment == nil })
        #expect(lattice.isEmpty && lattice.strayCount == 4)
    }

    @Test("times at the ends of the axis stop nothing")
    func extremeTimes() {
        var matcher = MapMatcher(graph: graph)
        let times: [Int64] = [.min + 1, .max - 1, 0, .max - 1, .min + 1, 5]
        let output = matcher.match(
            times.map {
                Observation(
                    time: EventTime(milliseconds: $0), coordinate: MatchingTown.place(1.5, 0))
            })
        #expect(output.points.count == times.count)
    }
}
