/// What was known of a segment's speed before anybody was seen on it now.
public struct SpeedPrior: Hashable, Sendable {
    /// For how many passages of today the past counts.
    public static let weight = 4.0

    /// The expected speed in m/s.
    public var speed: Double

    /// Expects free flow, in m/s, as far as a profile knows of few passages.
    public init(_ profile: ProfileSum, freeFlow: Double) {
        speed = SpeedPrior(speed: freeFlow).blended(with: profile.mean, passages: profile.count)
    }

    /// Expects a speed.
    public init(speed: Double) { self.speed = speed }

    /// The speed to believe in when `passages` were measured at `speed` m/s: the times that a metre takes are
    /// averaged, and what was measured weighs more the more of it there is.
    public func blended(with speed: Double, passages: Double) -> Double {
        guard passages > 0, speed > 0 else { return self.speed }
        guard self.speed > 0 else { return speed }
        return (passages + SpeedPrior.weight)
            / (passages / speed + SpeedPrior.weight / self.speed)
    }
}
