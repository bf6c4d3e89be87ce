import Fleet
import Geo
import Records
import RoadNetwork
import Testing

@Suite("The fleet")
struct FleetSimulatorTests {
    private let graph: RoadGraph

    init() throws {
        graph = try SyntheticCity.make(seed: 1)
    }

    private func scenario(vehicles: Int = 200, duration: Double = 120) -> FleetScenario {
        var scenario = FleetScenario()
        scenario.vehicles = vehicles
        scenario.duration = duration
        return scenario
    }

    private func run(_ fleet: inout FleetSimulator) -> [FleetEvent] {
        var events: [FleetEvent] = []
        while let event = fleet.next() { events.append(event) }
        return events
    }

    @Test("is a function of graph and scenario")
    func deterministic() throws {
        var first = try FleetSimulator(graph: graph, scenario: scenario())
        var second = try FleetSimulator(graph: graph, scenario: scenario())
        let events = run(&first)
        #expect(run(&second) == events)
        #expect(second.truth.passages == first.truth.passages)
        var other = scenario()
        other.seed = 2
        var third = try FleetSimulator(graph: graph, scenario: other)
        #expect(run(&third) != events)
    }

    @Test("events come by arrival, a few lost, a few overtaken, none later than the bound")
    func arrival() throws {
        var fleet = try FleetSimulator(graph: graph, scenario: scenario(vehicles: 300))
        let events = run(&fleet)
        let positions = 300 * 120 / 5
        #expect(abs(Double(events.count) / Double(positions) - 0.98) < 0.01)
        #expect(zip(events, events.dropFirst()).allSatisfy { $0.arrivalTime <= $1.arrivalTime })
        #expect(
            events.allSatisfy { (50...9_500).contains($0.arrivalTime.millisecondsSince($0.time)) })
        var newest = [EventTime](repeating: .min, count: 300)
        var overtaken = 0
        for event in events {
            if event.time < newest[event.vehicle] { overtaken += 1 }
            newest[event.vehicle] = max(newest[event.vehicle], event.time)
        }
        let share = Double(overtaken) / Double(events.count)
        #expect(share > 0.035 && share < 0.055)
    }

    @Test("noise has the wanted spread around the true place")
    func noise() throws {
        var fleet = try FleetSimulator(graph: graph, scenario: scenario())
        let events = run(&fleet)
        var sum = 0.0
        for event in events {
            let place = try #require(
                fleet.truth.place(ofVehicle: event.vehicle, at: event.time))
            let there = graph.coordinate(on: place.segment, offset: place.offset)
            let distance = there.distance(to: event.coordinate)
            sum += distance * distance / 2
        }
        #expect(abs((sum / Double(events.count)).squareRoot() - 8) < 0.4)
    }

    @Test("headings stray by themselves, and positions are the same without them")
    func headings() throws {
        var told = scenario()
        told.reportsMotion = true
        var fleet = try FleetSimulator(graph: graph, scenario: told)
        var silent = try FleetSimulator(graph: graph, scenario: scenario())
        let events = run(&fleet)
        #expect(run(&silent).map(\.coordinate) == events.map(\.coordinate))
        var (headings, easts): ([Double], [Double]) = ([], [])
        for event in events {
            let place = try #require(fleet.truth.place(ofVehicle: event.vehicle, at: event.time))
            let there = graph.coordinate(on: place.segment, offset: place.offset)
            let ahead = graph.coordinate(on: place.segment, offset: place.offset + 2)
            let behind = graph.coordinate(on: place.segment, offset: place.offset - 2)
            let heading = try #require(event.heading)
            let turn = Bearing.normalized(heading - behind.bearing(to: ahead) + 180) - 180
            // The place is kept in less digits: at a bend it may lie on the other side.
            if abs(turn) > 25 { continue }
            headings.append(turn)
            easts.append(LocalProjection(origin: there).project(event.coordinate).x)
        }
        #expect(Double(headings.count) > 0.95 * Double(events.count))
        func sum(_ a: [Double], _ b: [Double]) -> Double {
            zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let spread = (sum(headings, headings) / Double(headings.count)).squareRoot()
        #expect(abs(spread - 5) < 0.5)
        let correlation =
            sum(headings, easts) / (sum(headings, headings) * sum(easts, easts)).squareRoot()
        #expect(abs(correlation) < 0.1)
    }

    @Test("routes run along the network, trip after trip, at the field's speeds")
    func routes() throws {
        var fleet = try FleetSimulator(
            graph: graph, scenario: scenario(vehicles: 60, duration: 600))
        let events = run(&fleet)
        for event in events {
            let place = try #require(fleet.truth.place(ofVehicle: event.vehicle, at: event.time))
            #expect(graph.endNode(place.segment) == graph.startNode(place.next))
            if place.previous >= 0 {
                #expect(graph.endNode(place.previous) == graph.startNode(place.segment))
            }
        }
        var last = [Int: FleetTruth.Passage]()
        for passage in fleet.truth.passages {
            if let before = last[passage.vehicle] {
                #expect(before.leaveTime == passage.enterTime)
                #expect(graph.endNode(before.segment) == graph.startNode(passage.segment))
            }
            last[passage.vehicle] = passage
            let minutes =
                FleetTruth.minute(of: passage.enterTime)...FleetTruth.minute(of: passage.leaveTime)
            let speeds = minutes.map { fleet.field.speed(on: passage.segment, minute: $0) }
            let seconds = Double(passage.leaveTime.millisecondsSince(passage.enterTime)) / 1_000
            let speed = graph.length(passage.segment) / seconds
            #expect(
                speed > (speeds.min() ?? 0) * 0.93 && speed < (speeds.max() ?? 0) * 1.07,
                "\(passage) \(speeds) \(graph.segment(passage.segment))")
        }
        #expect(fleet.truth.passages.count > 60 * 600 / 40)
    }

    @Test("2,000 vehicles fill 5,000 segment minutes with three of them within ten minutes")
    func concentration() throws {
        var fleet = try FleetSimulator(
            graph: graph, scenario: scenario(vehicles: 2_000, duration: 600))
        while fleet.next() != nil {}
        let cells = fleet.truth.speeds().values.count { $0.vehicles >= 3 }
        #expect(cells >= 5_000)
    }

    @Test("an incident slows traffic down, a closed road empties")
    func disturbances() throws {
        var disturbed = scenario(vehicles: 200, duration: 900)
        disturbed.incidentAfter = 120
        disturbed.closureAfter = 120
        var fleet = try FleetSimulator(graph: graph, scenario: disturbed)
        let incident = try #require(fleet.incidentSegment)
        let closed = try #require(fleet.closedSegment)
        let before = fleet.field.speed(on: incident, at: disturbed.start)
        let during = fleet.field.speed(
            on: incident, at: disturbed.start.advanced(byMilliseconds: 240_000))
        #expect(during < 0.3 * before)
        while fleet.next() != nil {}
        let deadline = disturbed.start.advanced(byMilliseconds: 121_000)
        var open = disturbed
        open.closureAfter = nil
        var unhindered = try FleetSimulator(graph: graph, scenario: open)
        while unhindered.next() != nil {}
        #expect(
            unhindered.truth.passages.contains { $0.segment == closed && $0.enterTime > deadline })
        let entered = fleet.truth.passages.filter {
            $0.segment == closed && $0.enterTime > deadline
        }
        #expect(entered.isEmpty)
    }

    @Test("a user's name carries the vehicle's number")
    func names() {
        #expect(FleetEvent.userID(ofVehicle: 42) == "vehicle-00042")
        #expect(FleetEvent.vehicle(ofUserID: "vehicle-00042") == 42)
        #expect(FleetEvent.vehicle(ofUserID: "vehicle-123456") == 123_456)
        #expect(FleetEvent.vehicle(ofUserID: "someone") == nil)
    }
}
