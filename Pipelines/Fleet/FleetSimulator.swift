internal import Foundation
internal import Geo
public import Records
public import RoadNetwork

/// Vehicles that drive trip after trip through a road network and send noisy positions.
///
/// A function of graph and scenario: events come one by one in the order of their arrival, and the
/// truth is kept aside. A vehicle starts its next trip where the last one ended.
public struct FleetSimulator {
    /// The roads.
    public let graph: RoadGraph
    /// What the fleet does.
    public let scenario: FleetScenario
    /// The true speeds.
    public let field: SpeedField
    /// What has truly happened so far.
    public private(set) var truth = FleetTruth()
    /// The segment that the scenario closes, if any.
    public let closedSegment: Int?
    /// The segment that the scenario's incident hits, if any.
    public let incidentSegment: Int?

    private var destinations: Destinations
    private var vehicles: [Vehicle] = []
    private var arrivals = ArrivalQueue()
    /// All positions taken before this time are in ``arrivals`` or were sent, in milliseconds.
    private var horizon: Int64
    private var isClosed = false

    private static let slice: Int64 = 1_000
    /// The standard deviation of headings in degrees.
    private static let headingNoise = 5.0

    /// Prepares the fleet.
    ///
    /// - Throws: ``RoadNetworkError/noRoads`` when the area has no network to drive trips on.
    public init(graph: RoadGraph, scenario: FleetScenario) throws(RoadNetworkError) {
        self.graph = graph
        self.scenario = scenario
        let destinations = Destinations(graph, scenario)
        guard destinations.nodes.count > 1 else { throw .noRoads }
        self.destinations = destinations
        let busy = FleetSimulator.busySegments(graph, destinations)
        incidentSegment = scenario.incidentAfter == nil ? nil : busy.first
        closedSegment =
            scenario.closureAfter == nil
            ? nil : busy.first { $0 != busy.first && graph.reverse($0) != busy.first }
        var incidents: [SpeedField.Incident] = []
        if let segment = incidentSegment, let after = scenario.incidentAfter {
            let from = scenario.start.advanced(byMilliseconds: Int64(after * 1_000))
            let until = from.advanced(
                byMilliseconds: Int64(scenario.incidentSeconds * 1_000))
            incidents = FleetSimulator.queue(before: segment, graph).map {
                SpeedField.Incident(segment: $0, from: from, until: until, factor: $1)
            }
        }
        field = SpeedField(
            graph: graph, seed: scenario.seed,
            places: Array(destinations.hotSpots.prefix(5)), incidents: incidents,
            rhythm: scenario.rhythm, from: scenario.start, seconds: scenario.duration)
        horizon = scenario.start.milliseconds
        truth.sampling = max(1, Int64(scenario.sampling * 1_000))
        truth.lengths = (0..<graph.segmentCount).map { Float(graph.length($0)) }
        let seeds = SeededGenerator(seed: SeededGenerator.mix(scenario.seed ^ 0xF1EE7))
        for number in 0..<max(0, scenario.vehicles) {
            vehicles.append(place(number, seeds.split(UInt64(number))))
        }
        truth.firstTimes = vehicles.map(\.nextSample)
        truth.places = [[FleetTruth.PackedPlace]](repeating: [], count: vehicles.count)
    }

    /// The end of the last position's time.
    public var end: EventTime {
        scenario.start.advanced(byMilliseconds: Int64(scenario.duration * 1_000))
    }

    /// The next position in the order of arrival; nil when the time is over and all have come.
    public mutating func next() -> FleetEvent? {
        while true {
            if let first = arrivals.first,
                first.arrivalTime.milliseconds < horizon || horizon >= end.milliseconds
            {
                return arrivals.pop()
            }
            if horizon >= end.milliseconds { return nil }
            simulateSlice()
        }
    }

    // MARK: Driving

    private struct Vehicle {
        var random: SeededGenerator
        var destination: Int
        var segment: Int32
        var previous: Int32
        var following: Int32
        var offset: Double
        /// Milliseconds, with fractions.
        var time: Double
        var enterTime: Double
        /// Whether the present segment was entered at its start.
        var isWhole: Bool
        /// This driver's share of the traffic's speed.
        var temper: Double
        var nextSample: Int64
    }

    private static func busySegments(
        _ graph: RoadGraph, _ destinations: Destinations
    ) -> [Int] {
        var uses = [Int](repeating: 0, count: graph.segmentCount)
        for (index, start) in destinations.nodes.enumerated() {
            for tree in destinations.next.indices where tree != index {
                var node = start
                var hops = 0
                while destinations.next[tree][node] >= 0, hops < graph.nodeCount {
                    let segment = Int(destinations.next[tree][node])
                    if graph.length(segment) > 80 { uses[segment] += 1 }
                    node = graph.endNode(segment)
                    hops += 1
                }
            }
        }
        return uses.indices.sorted { (uses[$1], $0) < (uses[$0], $1) }
    }

    /// How far traffic backs up before an incident, in metres.
    private static let queueLength = 900.0

    /// The segments on which traffic backs up before an incident, and what is left of their speed.
    ///
    /// A segment that the queue ends on is slow for a part of its length only, and has the speed of the whole.
    private static func queue(
        before segment: Int, _ graph: RoadGraph
    ) -> [(segment: Int, factor: Double)] {
        var result = [(segment: segment, factor: 0.1)]
        var seen: Set<Int> = [segment]
        var rear = [segment]
        var metres = graph.length(segment)
        while metres < queueLength, !rear.isEmpty, result.count < 64 {
            let factor = 0.12 + 0.4 * metres / queueLength
            let next = rear.flatMap { front in
                graph.incoming(graph.startNode(front)).filter { $0 != graph.reverse(front) }
            }
            rear = next.filter { seen.insert($0).inserted }
            for segment in rear {
                let share = min(1, (queueLength - metres) / max(1, graph.length(segment)))
                result.append((segment, 1 / (share / factor + 1 - share)))
            }
            metres += max(30, rear.map { graph.length($0) }.min() ?? 0)
        }
        return result
    }

    /// Puts a vehicle somewhere on a trip between two destinations.
    private func place(_ number: Int, _ generator: SeededGenerator) -> Vehicle {
        var random = generator
        var node = destinations.nodes[destinations.draw(&random)]
        var destination = destinations.draw(&random)
        for _ in 0..<16 where destinations.next[destination][node] < 0 {
            destination = destinations.draw(&random)
        }
        var route: [Int32] = []
        while destinations.next[destination][node] >= 0, route.count < graph.nodeCount {
            let segment = destinations.next[destination][node]
            route.append(segment)
            node = graph.endNode(Int(segment))
        }
        let begin = route.isEmpty ? 0 : Int(random.next() % UInt64(route.count))
        let start = Double(scenario.start.milliseconds)
        var vehicle = Vehicle(
            random: random, destination: destination,
            segment: route.isEmpty ? Int32(graph.outgoing(node).lowerBound) : route[begin],
            previous: -1, following: -1, offset: 0, time: start, enterTime: start,
            isWhole: false, temper: 0.94 + 0.12 * random.unit(),
            nextSample: scenario.start.milliseconds
                + Int64(random.unit() * scenario.sampling * 1_000))
        vehicle.offset = graph.length(Int(vehicle.segment)) * random.unit()
        chooseFollowing(&vehicle)
        return vehicle
    }

    /// Decides what comes after the present segment: the way on, or the first of a new trip.
    private func chooseFollowing(_ vehicle: inout Vehicle) {
        let node = graph.endNode(Int(vehicle.segment))
        var following = destinations.next[vehicle.destination][node]
        let back = graph.reverse(Int(vehicle.segment)).map { Int32($0) }
        var attempts = 0
        while following < 0 || (following == back && attempts < 12), attempts < 64 {
            attempts += 1
            let destination = destinations.draw(&vehicle.random)
            let first = destinations.next[destination][node]
            if first >= 0 {
                vehicle.destination = destination
                following = first
            }
        }
        if following < 0 {
            following = Int32(graph.outgoing(node).first ?? Int(vehicle.segment))
        }
        vehicle.following = following
    }

    private mutating func simulateSlice() {
        if let after = scenario.closureAfter, let closedSegment, !isClosed,
            Double(horizon - scenario.start.milliseconds) >= after * 1_000
        {
            isClosed = true
            destinations.avoid(closedSegment)
            for number in vehicles.indices where vehicles[number].following == closedSegment {
                chooseFollowing(&vehicles[number])
            }
        }
        horizon += FleetSimulator.slice
        let bound = min(horizon, end.milliseconds)
        for number in vehicles.indices {
            while vehicles[number].nextSample < bound {
                drive(number, until: Double(vehicles[number].nextSample))
                sample(number)
                vehicles[number].nextSample += truth.sampling
            }
        }
    }

    private mutating func drive(_ number: Int, until limit: Double) {
        while vehicles[number].time < limit {
            let vehicle = vehicles[number]
            let (minute, rest) = Int64(vehicle.time).quotientAndFlooredRemainder(
                dividingBy: 60_000)
            let speed = field.speed(on: Int(vehicle.segment), minute: minute) * vehicle.temper
            let left = graph.length(Int(vehicle.segment)) - vehicle.offset
            // A thousandth beyond the minute's end, so that rounding never stands still there.
            let minuteEnd = Double(Int64(vehicle.time) - rest + 60_000) + 0.001
            let until = min(limit, minuteEnd)
            let arrival = vehicle.time + left / speed * 1_000
            if arrival <= until {
                pass(number, at: arrival)
            } else {
                vehicles[number].offset += (until - vehicle.time) / 1_000 * speed
                vehicles[number].time = until
            }
        }
    }

    private mutating func pass(_ number: Int, at time: Double) {
        var vehicle = vehicles[number]
        if vehicle.isWhole {
            truth.passages.append(
                FleetTruth.Passage(
                    segment: Int(vehicle.segment), vehicle: number,
                    enterTime: EventTime(milliseconds: Int64(vehicle.enterTime.rounded())),
                    leaveTime: EventTime(milliseconds: Int64(time.rounded()))))
        }
        vehicle.previous = vehicle.segment
        vehicle.segment = vehicle.following
        vehicle.offset = 0
        vehicle.time = time
        vehicle.enterTime = time
        vehicle.isWhole = true
        chooseFollowing(&vehicle)
        vehicles[number] = vehicle
    }

    private mutating func sample(_ number: Int) {
        let vehicle = vehicles[number]
        truth.places[number].append(
            FleetTruth.PackedPlace(
                segment: vehicle.segment, previous: vehicle.previous, next: vehicle.following,
                offset: Float(vehicle.offset)))
        var random = vehicle.random
        let isDropped = random.unit() < scenario.dropouts
        let delay = delay(&random)
        let place = graph.coordinate(on: Int(vehicle.segment), offset: vehicle.offset)
        let plane = LocalProjection(origin: place)
        let noise = gaussian(&random)
        let spread = scenario.noise * (isInCanyon(place) ? scenario.canyonNoise : 1)
        let seen = plane.unproject(PlanarPoint(x: noise.x * spread, y: noise.y * spread))
        vehicles[number].random = random
        if isDropped { return }
        let time = EventTime(milliseconds: vehicle.nextSample)
        var event = FleetEvent(
            arrivalTime: time.advanced(byMilliseconds: Int64(delay * 1_000)), time: time,
            vehicle: number, coordinate: seen)
        if scenario.reportsMotion {
            let ahead = graph.coordinate(on: Int(vehicle.segment), offset: vehicle.offset + 2)
            let behind = graph.coordinate(on: Int(vehicle.segment), offset: vehicle.offset - 2)
            // A draw of its own, of vehicle and time alone: positions are the same with motion and without.
            var compass = SeededGenerator(seed: SeededGenerator.mix(scenario.seed ^ 0xC0_3A55))
                .split(UInt64(number)).split(UInt64(bitPattern: vehicle.nextSample))
            event.heading = Bearing.normalized(
                behind.bearing(to: ahead) + FleetSimulator.headingNoise * gaussian(&compass).x)
            event.speed = field.speed(on: Int(vehicle.segment), at: time) * vehicle.temper
        }
        arrivals.push(event)
    }

    private func isInCanyon(_ place: Coordinate) -> Bool {
        scenario.canyonNoise != 1
            && destinations.hotSpots.prefix(4).contains { $0.distance(to: place) < 450 }
    }

    /// Seconds from the vehicle to us: mostly a fraction, sometimes longer than to the next position.
    private func delay(_ random: inout SeededGenerator) -> Double {
        let usual = 0.05 + 0.35 * random.unit()
        let extra = random.unit()
        guard random.unit() < scenario.disorder else { return min(usual, scenario.disorderBound) }
        let least = min(scenario.sampling + 0.5, scenario.disorderBound)
        return least + extra * (scenario.disorderBound - least)
    }

    /// Two independent numbers of the standard normal distribution (Box and Muller 1958).
    private func gaussian(_ random: inout SeededGenerator) -> (x: Double, y: Double) {
        let radius = (-2 * log(1 - random.unit())).squareRoot()
        let angle = 2 * Double.pi * random.unit()
        return (radius * cos(angle), radius * sin(angle))
    }
}
