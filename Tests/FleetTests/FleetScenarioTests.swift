import Fleet
import Geo
import Records
import RoadNetwork
import Testing

@Suite("Scenarios")
struct FleetScenarioTests {
    private let graph: RoadGraph

    init() throws {
        graph = try SyntheticCity.make(seed: 1)
    }

    private func field(_ rhythm: FleetScenario.Rhythm, from start: EventTime) -> SpeedField {
        SpeedField(
            graph: graph, seed: 1, places: [], rhythm: rhythm, from: start, seconds: 3_600)
    }

    /// The mean speed of all segments of a class at a time, as a share of the undisturbed one.
    private func share(
        _ field: SpeedField, of roadClass: RoadClass, at time: EventTime
    ) -> Double {
        let undisturbed = SpeedField(graph: graph, seed: 1, places: [])
        let segments = (0..<graph.segmentCount).filter { graph.roadClass($0) == roadClass }
        let speeds = segments.map {
            field.speed(on: $0, at: time) / undisturbed.speed(on: $0, at: time)
        }
        return speeds.reduce(0, +) / Double(max(1, speeds.count))
    }

    @Test("a rush hour is slowest half-way through, on main roads most")
    func rushHour() {
        let start = EventTime(milliseconds: 1_760_000_040_000)
        let field = field(.rushHour, from: start)
        let middle = start.advanced(byMilliseconds: 1_800_000)
        let peak = share(field, of: .primary, at: middle)
        #expect(peak < 0.75)
        #expect(share(field, of: .residential, at: middle) > peak + 0.1)
        #expect(share(field, of: .primary, at: start) > 0.95)
    }

    @Test("a day has two peaks and a free night")
    func day() {
        let midnight = EventTime(milliseconds: 1_760_054_400_000)
        let field = field(.day, from: midnight)
        func at(_ hour: Int64) -> Double {
            share(
                field, of: .primary,
                at: midnight.advanced(byMilliseconds: hour * 3_600_000))
        }
        #expect(at(8) < 0.75 && at(17) < 0.75)
        #expect(at(12) > 0.95 && at(22) > 0.95)
        #expect(at(3) > 1.02)
    }

    @Test("noise grows where houses stand high, and nowhere else")
    func canyons() throws {
        func spread(_ name: FleetScenario.Name) throws -> [Double] {
            var scenario = FleetScenario(named: name)
            scenario.vehicles = 300
            scenario.duration = 120
            var fleet = try FleetSimulator(graph: graph, scenario: scenario)
            var distances: [Double] = []
            while let event = fleet.next() {
                guard let place = fleet.truth.place(ofVehicle: event.vehicle, at: event.time)
                else { continue }
                let truth = graph.coordinate(on: place.segment, offset: place.offset)
                distances.append(truth.distance(to: event.coordinate))
            }
            return distances.sorted()
        }
        let everyday = try spread(.everyday)
        let canyons = try spread(.urbanCanyons)
        let (few, most) = (everyday.count / 10, everyday.count * 98 / 100)
        #expect(abs(canyons[few] / everyday[few] - 1) < 0.3)
        #expect(canyons[most] > 1.3 * everyday[most])
    }

    @Test(
        "an incident is a jam in the picture of the moment that it is timed for, the first of those shown, and there is none without it",
        arguments: [900.0, 1_800, 3_600])
    func incidentInThePicture(moment: Double) throws {
        var scenario = FleetScenario(named: .incident)
        scenario.vehicles = 1
        scenario.duration = moment + 155
        scenario.showDisturbances(at: moment)
        let incident = try FleetSimulator(graph: graph, scenario: scenario)
        let blocked = try #require(incident.incidentSegment)
        scenario.incidentAfter = nil
        let everyday = try FleetSimulator(graph: graph, scenario: scenario)
        func stretches(_ field: SpeedField, at seconds: Double) -> [SlowStretch] {
            let time = scenario.start.advanced(byMilliseconds: Int64(seconds * 1_000))
            var speeds: [SegmentID: Double] = [:]
            for segment in 0..<graph.segmentCount {
                speeds[graph.id(of: segment)] = field.speed(on: segment, at: time)
            }
            return SlowStretch.find(graph, speeds: speeds)
        }
        for seconds in [moment, moment + 119] {
            let worst = try #require(stretches(incident.field, at: seconds).first)
            #expect(worst.segments.contains(blocked))
            #expect(worst.speed < 0.35 * worst.freeFlowSpeed)
        }
        // It has gone on for long enough that no row of the last ten minutes is older than it.
        let begin = try #require(stretches(incident.field, at: moment * 0.5 + 60).first)
        #expect(begin.segments.contains(blocked))
        for seconds in [moment * 0.5 - 60, moment] {
            let usual = stretches(everyday.field, at: seconds)
            #expect(!usual.contains { $0.segments.contains(blocked) })
        }
        #expect(
            !stretches(incident.field, at: moment * 0.5 - 60).contains {
                $0.segments.contains(blocked)
            })
    }

    @Test("a road is closed before the moment that the closure is timed for, and stays so")
    func closureInThePicture() {
        var scenario = FleetScenario(named: .closedRoad)
        scenario.showDisturbances(at: 1_800)
        #expect(scenario.closureAfter == 300)
        scenario.showDisturbances(at: 200)
        #expect(scenario.closureAfter == 100)
    }

    @Test("every name is a scenario that drives", arguments: FleetScenario.Name.allCases)
    func names(name: FleetScenario.Name) throws {
        var scenario = FleetScenario(named: name)
        scenario.vehicles = 20
        scenario.duration = 60
        var fleet = try FleetSimulator(graph: graph, scenario: scenario)
        let first = fleet.next()
        #expect(first != nil)
        #expect((first?.heading != nil) == (name == .motion))
        #expect((fleet.incidentSegment != nil) == (name == .incident))
        #expect((fleet.closedSegment != nil) == (name == .closedRoad))
    }
}
