import Fleet
import Foundation
import MapMatching
import Records
import RoadNetwork
import TrafficUpdates

/// What the pipeline's matcher, with its corrections and trims, and its windows make of a fleet whose truth is known,
/// without the log between them.
struct FleetAccuracy {
    /// Figures of all roads, or of one class.
    struct Figures {
        var pairs = 0
        var covered = 0
        var error = 0.0

        /// The share of true pairs of segment and minute that got a speed.
        var coverage: Double { pairs > 0 ? Double(covered) / Double(pairs) : 0 }
        /// The mean absolute error of the covered ones.
        var speedError: Double { covered > 0 ? error / Double(covered) : 0 }
    }

    /// Why true passages of pairs without a speed were not counted there.
    struct Losses {
        var counted = 0
        var otherMinute = 0
        var missed = 0
    }

    let graph: RoadGraph
    let parameters: TrafficUpdates.Parameters
    private(set) var sent = 0
    private(set) var right = 0
    private(set) var total = Figures()
    private(set) var byClass: [RoadClass: Figures] = [:]
    private(set) var losses = Losses()
    /// Seconds from the sending of the position behind a passage to the sending of the one that decided it.
    private(set) var waits: [Double] = []
    /// Passages that were told, and those of them that were taken back.
    private(set) var told = 0
    private(set) var takenBack = 0
    private var passages: [Passage] = []

    private struct Passage {
        var vehicle: Int
        var traversal: SegmentTraversal
    }

    init(
        graph: RoadGraph, scenario: FleetScenario, parameters: TrafficUpdates.Parameters,
        settings: MatcherSettings
    ) throws {
        self.graph = graph
        self.parameters = parameters
        var fleet = try FleetSimulator(graph: graph, scenario: scenario)
        try match(&fleet, settings)
        judge(fleet.truth)
    }

    private mutating func match(_ fleet: inout FleetSimulator, _ settings: MatcherSettings) throws {
        var trips = try TripFollower(roads: graph, parameters: parameters, settings: settings)
        let count = fleet.scenario.vehicles
        let users = (0..<count).map { FleetEvent.userID(ofVehicle: $0) }
        var arrivals: [[EventTime: EventTime]] = Array(repeating: [:], count: count)
        // What is said of a position last counts.
        var places: [[EventTime: Bool]] = Array(repeating: [:], count: count)
        func take(_ outcome: TripFollower.Outcome, _ vehicle: Int, at now: EventTime?) {
            for place in outcome.places {
                places[vehicle][place.observedAt] = fleet.truth.isRight(
                    segment: place.segment.flatMap { graph.index(of: $0) }, vehicle: vehicle,
                    time: place.observedAt)
            }
            let isCorrection = outcome.passages.contains(where: \.isTakenBack)
            for passage in outcome.passages {
                passages.append(Passage(vehicle: vehicle, traversal: passage))
                if passage.isTakenBack { takenBack += 1 } else { told += 1 }
                guard let now, !isCorrection, let sent = arrivals[vehicle][passage.completedAt]
                else { continue }
                waits.append(Double(now.millisecondsSince(sent)) / 1_000)
            }
        }
        while let event = fleet.next() {
            sent += 1
            arrivals[event.vehicle][event.time] = event.arrivalTime
            let outcome = trips.take(
                Observation(
                    time: event.time, coordinate: event.coordinate, heading: event.heading,
                    speed: event.speed), of: users[event.vehicle])
            take(outcome, event.vehicle, at: event.arrivalTime)
        }
        for vehicle in 0..<count { take(trips.end(users[vehicle]), vehicle, at: nil) }
        right = places.reduce(0) { sum, places in sum + places.values.count { $0 } }
        waits.sort()
    }

    private mutating func judge(_ truth: FleetTruth) {
        var cells: [FleetTruth.Cell: SegmentSpeed] = [:]
        for passage in passages {
            let traversal = passage.traversal
            guard let segment = graph.index(of: traversal.segment) else { continue }
            let cell = FleetTruth.Cell(
                segment: segment, minute: FleetTruth.minute(of: traversal.leftAt))
            cells[cell, default: SegmentSpeed()].add(traversal, at: traversal.leftAt)
        }
        var missing: Set<FleetTruth.Cell> = []
        for (cell, speed) in truth.speeds().sorted(by: { $0.key < $1.key })
        where speed.vehicles >= parameters.minimumVehicles {
            let roadClass = graph.roadClass(cell.segment)
            var figures = Figures(pairs: 1)
            if let sum = cells[cell], sum.vehicles >= parameters.minimumVehicles {
                figures.covered = 1
                figures.error = abs(sum.harmonicMeanSpeed - speed.speed) / speed.speed
            } else {
                missing.insert(cell)
            }
            total += figures
            byClass[roadClass, default: Figures()] += figures
        }
        explain(missing, truth)
    }

    /// Counts where the passages of uncovered pairs went.
    private mutating func explain(_ missing: Set<FleetTruth.Cell>, _ truth: FleetTruth) {
        struct Key: Hashable {
            var vehicle: Int
            var segment: SegmentID
        }
        var found: [Key: [SegmentTraversal]] = [:]
        for passage in passages {
            var traversal = passage.traversal
            let key = Key(vehicle: passage.vehicle, segment: traversal.segment)
            guard traversal.isTakenBack else {
                found[key, default: []].append(traversal)
                continue
            }
            traversal.isTakenBack = false
            if let place = found[key]?.lastIndex(of: traversal) { found[key]?.remove(at: place) }
        }
        for passage in truth.passages {
            let minute = FleetTruth.minute(of: passage.leaveTime)
            guard missing.contains(.init(segment: passage.segment, minute: minute)) else {
                continue
            }
            let key = Key(vehicle: passage.vehicle, segment: graph.id(of: passage.segment))
            let near = (found[key] ?? []).filter {
                abs($0.leftAt.millisecondsSince(passage.leaveTime)) < 20_000
            }
            if near.contains(where: { FleetTruth.minute(of: $0.leftAt) == minute }) {
                losses.counted += 1
            } else if !near.isEmpty {
                losses.otherMinute += 1
            } else {
                losses.missed += 1
            }
        }
    }

    /// The share of positions matched to the true directed segment or its neighbour on the route.
    var matchedShare: Double { sent > 0 ? Double(right) / Double(sent) : 0 }

    /// What is not as the product promises.
    var faults: [String] {
        var faults: [String] = []
        func demand(_ holds: Bool, _ fault: String) { if !holds { faults.append(fault) } }
        demand(matchedShare >= 0.98, "matched share below 98 %")
        demand(total.coverage >= 0.95, "coverage below 95 %")
        demand(total.covered > 0 && total.speedError <= 0.08, "speed error above 8 %")
        return faults
    }

    /// A quantile of ``waits``.
    func wait(_ quantile: Double) -> Double {
        waits.isEmpty ? 0 : waits[min(waits.count - 1, Int(Double(waits.count) * quantile))]
    }
}

extension FleetAccuracy.Figures {
    static func += (a: inout FleetAccuracy.Figures, b: FleetAccuracy.Figures) {
        a.pairs += b.pairs
        a.covered += b.covered
        a.error += b.error
    }
}
