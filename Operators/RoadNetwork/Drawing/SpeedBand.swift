/// A class of traffic by its speed beside free flow, as maps colour it.
public enum SpeedBand: Int, CaseIterable, Sendable {
    /// As on an empty road: at least 80 % of free flow.
    case free = 0
    /// Other traffic is felt: at least 65 %.
    case easy
    /// Everybody drives at the speed of the others: at least 50 %.
    case dense
    /// Stop and go begins: at least 35 %.
    case slow
    /// A jam that moves: at least 20 %.
    case jammed
    /// A jam that hardly moves.
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
