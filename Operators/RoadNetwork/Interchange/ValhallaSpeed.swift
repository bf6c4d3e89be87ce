/// The live speed of one directed edge as Valhalla keeps it: 64 bits of a traffic tile, `TrafficSpeed` in its
/// `baldr/traffictile.h`, version 3.
///
/// From the lowest bit: the speed of the whole edge and of up to three parts (7 bits each, in steps of
/// 2 km/h), where the first and second part end (8 bits each, 255ths of the edge), the parts' congestion (6 bits
/// each), whether there are incidents, and a spare bit. This type tells one speed for all of the edge.
public struct ValhallaSpeed: RawRepresentable, Hashable, Sendable {
    /// The 64 bits; 0 where nothing is known.
    public var rawValue: UInt64

    /// Wraps the bits.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Nothing is known of the edge.
    public static let unknown = ValhallaSpeed(rawValue: 0)

    private static let unknownPart: UInt64 = 127
    /// 0 is a closed road and 127 an unknown speed.
    private static let codes = 1.0...126.0
    /// 63 closes a road and 0 is unknown.
    private static let congestions = 1.0...62.0

    /// A speed along the whole edge.
    ///
    /// - Parameters:
    ///   - kilometersPerHour: the speed; above 252 km/h it counts as that, below 2 km/h as 2, since 0 is a closed
    ///     road.
    ///   - freeFlowRatio: the speed as a share of free flow, 1 and above: no congestion.
    public init(kilometersPerHour: Double, freeFlowRatio: Double) {
        let speed = UInt64(
            ValhallaSpeed.held((kilometersPerHour / 2).rounded(), ValhallaSpeed.codes))
        let share = 1 + 61 * (1 - max(0, min(1, freeFlowRatio)))
        let congestion = UInt64(ValhallaSpeed.held(share.rounded(), ValhallaSpeed.congestions))
        let unknown = ValhallaSpeed.unknownPart
        rawValue =
            speed | speed << 7 | unknown << 14 | unknown << 21 | 255 << 28 | congestion << 44
    }

    private static func held(_ value: Double, _ range: ClosedRange<Double>) -> Double {
        value.isNaN ? range.lowerBound : max(range.lowerBound, min(range.upperBound, value))
    }

    /// The speed of the whole edge in km/h; nil where nothing is known.
    public var kilometersPerHour: Double? {
        let code = rawValue & 127
        return rawValue >> 28 & 255 != 0 && code != ValhallaSpeed.unknownPart
            ? Double(code) * 2 : nil
    }
}
