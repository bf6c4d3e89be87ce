import Fleet
import Foundation
import MapMatching
import Records
import RoadNetwork
import TrafficUpdates

/// What the pipeline's matcher and windows make of a fleet whose truth is known, without the log between them.
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
        var partial = 0
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
    private var passages: [Passage] = []

    private struct Passage {
        var vehicle: Int
        var traversal: Traversal
    }

    init(
        graph: RoadGraph, scenario: FleetScenario, parameters: TrafficUpdates.Parameters,
        settings: MatcherSettings
    ) throws {
        self.graph = graph
        self.parameters = parameters
        var fleet = try FleetSimulator(graph: graph, scenario: scenario)
        match(&fleet, settings)
        judge(fleet.truth)
    }

    private mutating func match(_ fleet: inout FleetSimulator, _ settings: MatcherSettings) {
        var matcher = MapMatcher(graph: graph, settings: settings)
        var lattices = [Lattice](repeating: Lattice(), count: fleet.scenario.vehicles)
        var arrivals: [[EventTime: EventTime]] = Array(repeating: [:], count: lattices.count)
        var output = MatchOutput()
        func take(_ vehicle: Int, at now: EventTime?) {
            for point in output.points
            where fleet.truth.isRight(segment: point.segment, vehicle: vehicle, time: point.time) {
                right += 1
            }
            for traversal in output.traversals {
                passages.append(Passage(vehicle: vehicle, traversal: traversal))
                if let now, let sent = arrivals[vehicle][traversal.completionTime],
                    traversal.isComplete
                {
                    waits.append(Double(now.millisecondsSince(sent)) / 1_000)
                }
            }
            output.removeAll()
        }
        while let event = fleet.next() {
            sent += 1
            arrivals[event.vehicle][event.time] = event.arrivalTime
            matcher.advance(
                &lattices[event.vehicle],
                with: Observation(
                    time: event.time, coordinate: event.coordinate, heading: event.heading,
                    speed: event.speed),
                into: &output)
            take(event.vehicle, at: event.arrivalTime)
        }
        for vehicle in lattices.indices {
            matcher.flush(&lattices[vehicle], into: &output)
            take(vehicle, at: nil)
        }
        waits.sort()
    }

    private mutating func judge(_ truth: FleetTruth) {
        var cells: [FleetTruth.Cell: SegmentSpeed] = [:]
        for passage in passages {
            guard
                let update = SegmentTraversal(
                    passage.traversal, userID: FleetEvent.userID(ofVehicle: passage.vehicle),
                    graph: graph)
            else { continue }
            let cell = FleetTruth.Cell(
                segment: passage.traversal.segment,
                minute: FleetTruth.minute(of: passage.traversal.leaveTime))
            cells[cell, default: SegmentSpeed()].add(update, at: update.leftAt)
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
            var segment: Int
        }
        var found: [Key: [Traversal]] = [:]
        for passage in passages {
            found[
                Key(vehicle: passage.vehicle, segment: passage.traversal.segment), default: []
            ].append(passage.traversal)
        }
        for passage in truth.passages {
            let minute = FleetTruth.minute(of: passage.leaveTime)
            guard missing.contains(.init(segment: passage.segment, minute: minute)) else {
                continue
            }
            let near = (found[Key(vehicle: passage.vehicle, segment: passage.segment)] ?? [])
                .filter { abs($0.leaveTime.millisecondsSince(passage.leaveTime)) < 20_000 }
            if near.contains(where: {
                $0.isComplete && FleetTruth.minute(of: $0.leaveTime) == minute
            }) {
                losses.counted += 1
            } else if near.contains(where: \.isComplete) {
                losses.otherMinute += 1
            } else if !near.isEmpty {
                losses.partial += 1
            } else {
                losses.missed += 1
            }
        }
    }

    /// The share of positions matched to the true directed segment or its neighbour on the route.
    var matchedShare: Double { sent > 0 ? Double(right) / Double(sent) : 0 }

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
