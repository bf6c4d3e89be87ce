/// A straight leg of the plane.
public struct PlanarLeg: Hashable, Sendable {
    /// Where the leg starts.
    public var from: PlanarPoint
    /// Where it ends.
    public var to: PlanarPoint

    /// Makes the leg between two points, which may coincide.
    @inlinable
    public init(from: PlanarPoint, to: PlanarPoint) {
        self.from = from
        self.to = to
    }

    /// How far along the leg its nearest point to `point` lies: 0 at the start, 1 at the end; 0 for a
    /// leg without length.
    @inlinable
    public func fraction(nearestTo point: PlanarPoint) -> Double {
        let dx = to.x - from.x
        let dy = to.y - from.y
        let squared = dx * dx + dy * dy
        guard squared > 0 else { return 0 }
        let dot = (point.x - from.x) * dx + (point.y - from.y) * dy
        return max(0, min(1, dot / squared))
    }

    /// Metres from `point` to the leg.
    @inlinable
    public func distance(to point: PlanarPoint) -> Double {
        let fraction = fraction(nearestTo: point)
        return point.distance(
            to: PlanarPoint(
                x: from.x + (to.x - from.x) * fraction, y: from.y + (to.y - from.y) * fraction))
    }
}
