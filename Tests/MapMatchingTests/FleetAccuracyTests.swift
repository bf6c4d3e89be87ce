import Fleet
import MapMatching
import Records
import RoadNetwork
import Testing

@Suite("Accuracy on a fleet with known truth")
struct FleetAccuracyTests {
    @Test(
        "5 s and 8 m on the synthetic city: 98 % matched, 95 % covered, 8 % speed error",
        .timeLimit(.minutes(5)))
    func city() throws {
        let graph = try SyntheticCity.make(seed: 1)
        var scenario = FleetScenario()
        scenario.vehicles = 260
        scenario.duration = 420
        scenario.hotSpots = 4
        scenario.destinationsPerHotSpot = 3
        var fleet = try FleetSimulator(graph: graph, scenario: scenario)
        var matcher = MapMatcher(graph: graph)
        var lattices = [Lattice](repeating: Lattice(), count: scenario.vehicles)
        var output = MatchOutput()
        var matched: [(vehicle: Int, point: MatchedPoint)] = []
        var passages: [(vehicle: Int, traversal: Traversal)] = []
        var sent = 0
        func drain(_ vehicle: Int) {
            matched += output.points.map { (vehicle, $0) }
            passages += output.traversals.map { (vehicle, $0) }
            output.removeAll()
        }
        while let event = fleet.next() {
            sent += 1
            matcher.advance(
                &lattices[event.vehicle],
                with: Observation(time: event.time, coordinate: event.coordinate), into: &output)
            drain(event.vehicle)
        }
        for vehicle in lattices.indices {
            matcher.flush(&lattices[vehicle], into: &output)
            drain(vehicle)
        }
        #expect(matched.count == sent)
        let right = matched.count {
            fleet.truth.isRight(segment: $0.point.segment, vehicle: $0.vehicle, time: $0.point.time)
        }
        #expect(Double(right) / Double(sent) >= 0.98)

        var sums: [FleetTruth.Cell: (length: Double, seconds: Double, vehicles: Set<Int>)] = [:]
        for (vehicle, traversal) in passages where counts(traversal, graph) {
            let cell = FleetTruth.Cell(
                segment: traversal.segment, minute: FleetTruth.minute(of: traversal.leaveTime))
            sums[cell, default: (0, 0, [])].length += traversal.length
            sums[cell]?.seconds += traversal.duration
            sums[cell]?.vehicles.insert(vehicle)
        }
        var covered = 0
        var error = 0.0
        let wanted = fleet.truth.speeds().filter { $0.value.vehicles >= 3 }
        for (cell, speed) in wanted {
            guard let sum = sums[cell], sum.vehicles.count >= 3 else { continue }
            covered += 1
            error += abs(sum.length / sum.seconds - speed.speed) / speed.speed
        }
        #expect(wanted.count > 300)
        #expect(Double(covered) / Double(wanted.count) >= 0.95)
        #expect(error / Double(covered) <= 0.08)
    }

    /// Whether traffic-updates counts a passage: one that begins within its segment from half of it and 40 m on.
    private func counts(_ traversal: Traversal, _ graph: RoadGraph) -> Bool {
        let whole = graph.length(traversal.segment)
        return !traversal.endsTrack
            && (traversal.isComplete
                || traversal.leaveOffset > whole - 0.5
                    && traversal.length >= max(40, 0.5 * whole))
    }
}
