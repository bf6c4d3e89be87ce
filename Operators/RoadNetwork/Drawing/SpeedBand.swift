/// A class of traffic by its speed beside free flow, as maps colour it.
public enum SpeedBand: Int, CaseIterable, Sendable {
    case free = 0
    case easy
    case dense
    case slow
    case jammed
    case standing

    /// The least ratio of speed to free flow of the band.
    public var lowerBound: Double {
        switch self {
        case .free: 0.8
        case .easy: 0.65
        case .dense: 0.5
        case .slow: 0.35
        case .jammed: 0.2
        case .standing: 0
        }
    }

    /// The band of a ratio of speed to free flow.
    public init(ratio: Double) {
        self = SpeedBand.allCases.first { ratio >= $0.lowerBound } ?? .standing
    }
}
