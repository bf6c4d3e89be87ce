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

    /// The name of ``blended(with:passages:)`` in the database.
    static let sqlName = "traffic_blended"

    /// The statement that makes ``blended(with:passages:)`` known to the database: the same cases, in the same
    /// order, with the same ``weight``.
    static let sqlFunction = """
        CREATE OR REPLACE FUNCTION \(sqlName)(
            prior double precision, speed double precision, passages double precision)
        RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
        SELECT CASE
            WHEN passages IS NULL OR passages <= 0 OR speed IS NULL OR speed <= 0 THEN prior
            WHEN prior IS NULL OR prior <= 0 THEN speed
            ELSE (passages + \(weight)) / (passages / speed + \(weight) / prior)
        END
        $$
        """
}
