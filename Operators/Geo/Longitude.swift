/// Arithmetic on longitudes, which go round.
public enum Longitude {
    /// A longitude, or a difference of two, by the shorter way round: held to half a turn on either side of 0.
    ///
    /// Values are one and a half turns from 0 at most, as differences of longitudes are.
    ///
    /// - Parameter turn: what is a whole turn in the unit of `value`: 360 in degrees.
    @inlinable
    public static func wrapped(_ value: Double, turn: Double = 360) -> Double {
        if value > turn / 2 { return value - turn }
        if value < -turn / 2 { return value + turn }
        return value
    }
}
