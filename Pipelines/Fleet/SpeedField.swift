internal import Foundation
public import Geo
public import Records
public import RoadNetwork

/// How fast traffic truly moves: for each directed segment and minute a speed, known because it was
/// made up.
///
/// Free flow, times a factor of each segment's own, times the congestion of a few areas that swells
/// and ebbs within the hour and weighs on main roads most; near an incident traffic crawls.
public struct SpeedField: Sendable {
    /// Something that stops traffic for a while.
    public struct Incident: Hashable, Sendable {
        /// The directed segment that is hit.
        public var segment: Int
        /// When it starts.
        public var from: EventTime
        /// When it ends.
        public var until: EventTime
        /// What is left of the speed, 0 to 1; the slowest is 1 m/s.
        public var factor: Double

        /// Makes an incident.
        public init(segment: Int, from: EventTime, until: EventTime, factor: Double = 0.12) {
            self.segment = segment
            self.from = from
            self.until = until
            self.factor = factor
        }
    }

    /// The slowest speed anywhere, in m/s.
    public static let slowest = 1.0

    private struct Area {
        var center: Coordinate
        var radius: Double
        var depth: Double
        var period: Double
        var phase: Double
    }

    private var areas: [Area] = []
    /// Undisturbed speed of each segment in m/s.
    private var base: [Float] = []
    /// How much of each area's congestion a segment feels, `areas.count` a segment.
    private var weights: [Float] = []
    private var incidents: [Int: [Incident]] = [:]
    /// Each segment's road class.
    private var classes: [UInt8] = []
    private let rhythm: FleetScenario.Rhythm
    /// The minute of a rush hour's peak, and how many minutes it takes to fade.
    private let peak: (minute: Double, width: Double)

    /// Makes the field of a graph for a seed; congestion lies around `places`.
    public init(
        graph: RoadGraph, seed: UInt64, places: [Coordinate], incidents: [Incident] = [],
        rhythm: FleetScenario.Rhythm = .none, from start: EventTime = .min, seconds: Double = 0
    ) {
        self.rhythm = rhythm
        peak = (
            Double(start.milliseconds) / 60_000 + seconds / 120, max(1, seconds / 60 / 5)
        )
        var random = SeededGenerator(seed: SeededGenerator.mix(seed ^ 0x5EED_F1E1D))
        for place in places {
            areas.append(
                Area(
                    center: place, radius: 500 + random.unit() * 700,
                    depth: 0.5 + random.unit() * 0.3, period: 25 + random.unit() * 40,
                    phase: random.unit()))
        }
        for incident in incidents { self.incidents[incident.segment, default: []].append(incident) }
        base.reserveCapacity(graph.segmentCount)
        weights.reserveCapacity(graph.segmentCount * areas.count)
        for segment in 0..<graph.segmentCount {
            let hash = SeededGenerator.mix(graph.id(of: segment).rawValue ^ seed)
            let own = 0.86 + 0.2 * Double(hash >> 11) * 0x1p-53
            base.append(Float(graph.freeFlowSpeed(segment) * own))
            let middle = graph.coordinate(on: segment, offset: graph.length(segment) / 2)
            let sensitivity: Double =
                switch graph.roadClass(segment) {
                case .motorway, .trunk, .primary, .secondary: 1
                case .tertiary, .primaryLink, .secondaryLink, .trunkLink, .motorwayLink: 0.8
                default: 0.4
                }
            classes.append(graph.roadClass(segment).rawValue)
            for area in areas {
                let distance = area.center.distance(to: middle) / area.radius
                weights.append(Float(area.depth * sensitivity * exp(-distance * distance)))
            }
        }
    }

    /// The speed in m/s on a segment in the minute of `time`.
    public func speed(on segment: Int, at time: EventTime) -> Double {
        let (minute, _) = time.milliseconds.quotientAndFlooredRemainder(dividingBy: 60_000)
        return speed(on: segment, minute: minute)
    }

    /// The speed in m/s on a segment in a minute since 1970.
    public func speed(on segment: Int, minute: Int64) -> Double {
        var factor = 1.0
        if rhythm != .none { factor -= slowdown(ofClass: classes[segment], minute: minute) }
        for (index, area) in areas.enumerated() {
            let weight = Double(weights[segment * areas.count + index])
            if weight < 0.01 { continue }
            let wave = sin(2 * .pi * (Double(minute) / area.period + area.phase))
            factor *= 1 - weight * (0.8 + 0.2 * wave)
        }
        var speed = Double(base[segment]) * factor
        if !incidents.isEmpty, let here = incidents[segment] {
            let time = EventTime(milliseconds: minute * 60_000)
            for incident in here where incident.from <= time && time < incident.until {
                speed *= incident.factor
            }
        }
        return max(SpeedField.slowest, speed)
    }

    /// The share of its speed that a class of roads loses to the time of day.
    private func slowdown(ofClass roadClass: UInt8, minute: Int64) -> Double {
        let depth = max(0.15, 0.5 - 0.035 * Double(roadClass))
        func bump(_ distance: Double, _ width: Double) -> Double {
            exp(-distance * distance / (2 * width * width))
        }
        switch rhythm {
        case .none: return 0
        case .rushHour: return depth * bump(Double(minute) - peak.minute, peak.width)
        case .day:
            let hour = Double(minute % 1_440) / 60
            let night = 0.15 * (bump(hour - 3, 2.5) + bump(hour - 27, 2.5))
            return depth * (max(bump(hour - 8, 1.2), bump(hour - 17, 1.6)) - night)
        }
    }
}
