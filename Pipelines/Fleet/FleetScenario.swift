public import Geo
public import Records

/// What a simulated fleet does; with a graph it determines every event.
public struct FleetScenario: Hashable, Sendable {
    /// Seeds everything random.
    public var seed: UInt64 = 1
    /// How many vehicles drive all the time.
    public var vehicles = 2_000
    /// When the simulation begins, in event time; a full minute makes the truth's first minute whole.
    public var start = EventTime(milliseconds: 1_760_000_040_000)
    /// How long it lasts, in seconds.
    public var duration = 1_800.0
    /// Seconds between two positions of a vehicle.
    public var sampling = 5.0
    /// The standard deviation of positions in metres, per axis.
    public var noise = 8.0
    /// The share of positions that are never sent.
    public var dropouts = 0.02
    /// The share of positions that arrive after later ones of the same vehicle.
    public var disorder = 0.05
    /// The longest way from the vehicle to us, in seconds.
    public var disorderBound = 9.5
    /// Whether positions carry heading and speed.
    public var reportsMotion = false
    /// Where the fleet drives; nil for the whole map, or the busiest part of a large one.
    public var area: BoundingBox?
    /// The side in metres of the busiest part that is taken of a larger map.
    public var areaSide = 8_000.0
    /// Around how many places trips begin and end.
    public var hotSpots = 14
    /// How many destinations lie around each of those places.
    public var destinationsPerHotSpot = 5
    /// Seconds after the start at which the busiest segment is blocked; nil for no incident.
    public var incidentAfter: Double?
    /// How many seconds it stays blocked.
    public var incidentSeconds = 1_800.0
    /// Seconds after the start at which a busy segment is closed for good; nil for no closure.
    ///
    /// Routes that are chosen afterwards avoid it.
    public var closureAfter: Double?

    /// How the roads' speed changes with the time of day.
    public var rhythm = Rhythm.none
    /// By what factor noise grows near the busiest hot spots, where houses stand high; 1 for nowhere.
    public var canyonNoise = 1.0

    /// How much slower roads are at some times than at others.
    public enum Rhythm: Hashable, Sendable {
        /// Only as congestion swells and ebbs within the hour.
        case none
        /// A peak half-way through the simulation.
        case rushHour
        /// By the hour of event time, UTC: peaks at 8 and at 17, freer at night; main roads feel it most.
        case day
    }

    /// 2,000 vehicles for 30 minutes, every 5 s, 8 m of noise.
    public init() {}
}

extension FleetScenario {
    /// The scenarios that have a name.
    public enum Name: String, CaseIterable, Sendable {
        /// What the defaults say.
        case everyday
        /// Traffic slows down and recovers.
        case rushHour = "rush-hour"
        /// Speeds by class and hour.
        case day
        /// A crash blocks the busiest road for half an hour.
        case incident
        /// A busy road is closed; routes lead around it from then on.
        case closedRoad = "closed-road"
        /// Three times the noise in the centres.
        case urbanCanyons = "urban-canyons"
        /// A tenth of the positions is never sent, a quarter overtaken.
        case disorder
        /// Positions carry heading and speed.
        case motion
    }

    /// Times what the scenario does to a road so that it has begun, and its traffic has changed, by a moment, and
    /// goes on until the fleet comes to rest: for who looks at that moment.
    ///
    /// - Parameter moment: seconds after the start.
    public mutating func showDisturbances(at moment: Double) {
        if incidentAfter != nil {
            let begin = max(0, moment / 2)
            incidentAfter = begin
            incidentSeconds = max(incidentSeconds, duration - begin)
        }
        if let after = closureAfter { closureAfter = min(after, max(0, moment / 2)) }
    }

    /// The scenario of a name.
    public init(named name: Name) {
        self.init()
        switch name {
        case .everyday: break
        case .rushHour: rhythm = .rushHour
        case .day: rhythm = .day
        case .incident: incidentAfter = 900
        case .closedRoad: closureAfter = 300
        case .urbanCanyons: canyonNoise = 3
        case .disorder:
            dropouts = 0.1
            disorder = 0.25
        case .motion: reportsMotion = true
        }
    }
}
