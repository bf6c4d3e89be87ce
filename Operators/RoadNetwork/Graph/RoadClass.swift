/// The rank of a road, from OpenStreetMap's `highway` values; the raw values are part of codecs.
public enum RoadClass: UInt8, CaseIterable, Comparable, Sendable {
    /// `motorway`: a road of its own for motor traffic, its directions apart.
    case motorway = 0
    /// `motorway_link`: a ramp of a motorway.
    case motorwayLink
    /// `trunk`: the most important roads that are no motorways.
    case trunk
    /// `trunk_link`: a ramp of a trunk road.
    case trunkLink
    /// `primary`: roads between large towns.
    case primary
    /// `primary_link`: a ramp of a primary road.
    case primaryLink
    /// `secondary`: roads between towns.
    case secondary
    /// `secondary_link`: a ramp of a secondary road.
    case secondaryLink
    /// `tertiary`: roads between villages, and the main streets of quarters.
    case tertiary
    /// `tertiary_link`: a ramp of a tertiary road.
    case tertiaryLink
    /// `unclassified`: small roads that lead through.
    case unclassified
    /// `residential`: streets with houses.
    case residential
    /// `living_street`: streets where those on foot go first.
    case livingStreet
    /// `service`: ways to a house, a car park, a yard.
    case service

    /// By rank: motorways first.
    public static func < (a: RoadClass, b: RoadClass) -> Bool { a.rawValue < b.rawValue }

    /// The speed limit in km/h where the map gives none: a European mix of urban and rural roads.
    public var defaultSpeedLimit: Int {
        switch self {
        case .motorway: 130
        case .trunk: 100
        case .motorwayLink, .trunkLink: 70
        case .primary, .secondary: 60
        case .primaryLink, .secondaryLink, .tertiary, .tertiaryLink, .unclassified: 50
        case .residential: 40
        case .livingStreet: 10
        case .service: 20
        }
    }

    /// The share of the limit that traffic drives when nothing is in its way: turns, crossings and
    /// parked cars slow small roads down.
    public var freeFlowFactor: Double {
        switch self {
        case .motorway: 0.92
        case .trunk: 0.9
        case .motorwayLink, .trunkLink: 0.8
        case .primary, .secondary: 0.82
        case .primaryLink, .secondaryLink, .tertiaryLink: 0.7
        case .tertiary: 0.78
        case .unclassified: 0.72
        case .residential: 0.68
        case .livingStreet, .service: 0.8
        }
    }

    /// How likely a driver takes the road at a crossing, beside the others that leave it: most stay on the greater
    /// road.
    package var appeal: Int {
        switch self {
        case .motorway, .motorwayLink, .trunk, .trunkLink: 6
        case .primary, .primaryLink: 5
        case .secondary, .secondaryLink: 4
        case .tertiary, .tertiaryLink: 3
        case .unclassified, .residential: 2
        case .livingStreet, .service: 1
        }
    }

    /// Whether the road joins others of a class, as a ramp does.
    public var isLink: Bool {
        switch self {
        case .motorwayLink, .trunkLink, .primaryLink, .secondaryLink, .tertiaryLink: true
        default: false
        }
    }

    /// The class of a `highway` value, nil for ways that no car drives on.
    public init?(highway value: String) {
        switch value {
        case "motorway": self = .motorway
        case "motorway_link": self = .motorwayLink
        case "trunk": self = .trunk
        case "trunk_link": self = .trunkLink
        case "primary": self = .primary
        case "primary_link": self = .primaryLink
        case "secondary": self = .secondary
        case "secondary_link": self = .secondaryLink
        case "tertiary": self = .tertiary
        case "tertiary_link": self = .tertiaryLink
        // `road` is a road of unknown class, `yes` one whose mapper didn't say.
        case "unclassified", "road", "yes": self = .unclassified
        case "residential": self = .residential
        case "living_street": self = .livingStreet
        case "service": self = .service
        default: return nil
        }
    }

    /// The `highway` values that are known and not for cars; any other value is a counted warning.
    static let undrivable: Set<String> = [
        "footway", "pedestrian", "steps", "path", "cycleway", "bridleway", "track", "corridor",
        "construction", "proposed", "platform", "raceway", "elevator", "escape", "bus_guideway",
        "busway", "abandoned", "razed", "rest_area", "services", "planned", "disused", "no",
        "via_ferrata", "emergency_bay",
    ]
}
