/// Arithmetic on directions, in degrees clockwise from north.
public enum Bearing {
    /// The same direction in `0 ..< 360`.
    @inlinable
    public static func normalized(_ degrees: Double) -> Double {
        let rest = degrees.truncatingRemainder(dividingBy: 360)
        let positive = rest < 0 ? rest + 360 : rest
        return positive >= 360 ? 0 : positive
    }

    /// The angle between two directions, `0 to 180`.
    @inlinable
    public static func difference(_ a: Double, _ b: Double) -> Double {
        let difference = normalized(a - b)
        return difference > 180 ? 360 - difference : difference
    }
}
