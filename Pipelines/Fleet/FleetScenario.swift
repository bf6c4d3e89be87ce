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
    /// Seconds after the start at which the busiest segment is blocked for ten minutes; nil for no
    /// incident.
    public var incidentAfter: Double?
    /// Seconds after the start at which a busy segment is closed for good; nil for no closure.
    ///
    /// Routes that are chosen afterwards avoid it.
    public var closureAfter: Double?

    /// 2,000 vehicles for 30 minutes, every 5 s, 8 m of noise.
    public init() {}
}
