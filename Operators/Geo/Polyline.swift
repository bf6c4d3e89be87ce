/// A line through coordinates, with measures in metres.
///
/// Legs are taken as straight on a local plane; good for lines of a city's extent.
public struct Polyline: Hashable, Sendable {
    /// The points in order.
    public var coordinates: [Coordinate]

    /// Makes a line through `coordinates`.
    public init(_ coordinates: [Coordinate]) {
        self.coordinates = coordinates
    }

    /// The sum of the legs' great-circle lengths in metres.
    public var length: Double {
        zip(coordinates, coordinates.dropFirst()).reduce(0) { $0 + $1.0.distance(to: $1.1) }
    }

    /// The smallest box around the points.
    public var bounds: BoundingBox { BoundingBox(containing: coordinates) }

    /// The point `offset` metres from the start, held to the two ends; nil for an empty line.
    public func point(atOffset offset: Double) -> Coordinate? {
        guard var previous = coordinates.first else { return nil }
        var rest = offset
        if rest <= 0 { return previous }
        for next in coordinates.dropFirst() {
            let leg = previous.distance(to: next)
            if rest <= leg, leg > 0 { return previous.interpolated(to: next, fraction: rest / leg) }
            rest -= leg
            previous = next
        }
        return previous
    }

    /// The line's point that lies nearest to `place`, the first of several; nil for an empty line.
    public func projection(of place: Coordinate) -> PolylineProjection? {
        guard let first = coordinates.first else { return nil }
        var best = PolylineProjection(
            coordinate: first, distance: place.distance(to: first), offset: 0, leg: 0)
        let plane = LocalProjection(origin: place)
        var travelled = 0.0
        var from = plane.project(first)
        for (leg, next) in coordinates.dropFirst().enumerated() {
            let to = plane.project(next)
            let length = from.distance(to: to)
            let fraction = PlanarLeg(from: from, to: to).fraction(
                nearestTo: PlanarPoint(x: 0, y: 0))
            let point = PlanarPoint(
                x: from.x + (to.x - from.x) * fraction, y: from.y + (to.y - from.y) * fraction)
            let distance = (point.x * point.x + point.y * point.y).squareRoot()
            if distance < best.distance {
                best = PolylineProjection(
                    coordinate: plane.unproject(point), distance: distance,
                    offset: travelled + length * fraction, leg: leg)
            }
            travelled += length
            from = to
        }
        return best
    }

    /// The line with fewer points, none of the dropped ones further than `tolerance` metres from it
    /// (Douglas and Peucker 1973; with a stack of its own, so that no input exhausts the thread's).
    public func simplified(tolerance: Double) -> Polyline {
        guard coordinates.count > 2, let first = coordinates.first else { return self }
        let plane = LocalProjection(origin: first)
        let points = coordinates.map(plane.project)
        var kept = [Bool](repeating: false, count: points.count)
        kept[0] = true
        kept[points.count - 1] = true
        var pending = [(0, points.count - 1)]
        while let (from, to) = pending.popLast() {
            guard to > from + 1 else { continue }
            let leg = PlanarLeg(from: points[from], to: points[to])
            var farthest = (index: from, distance: -1.0)
            for index in (from + 1)..<to {
                let distance = leg.distance(to: points[index])
                if distance > farthest.distance { farthest = (index, distance) }
            }
            guard farthest.distance > tolerance else { continue }
            kept[farthest.index] = true
            pending.append((from, farthest.index))
            pending.append((farthest.index, to))
        }
        return Polyline(zip(coordinates, kept).filter(\.1).map(\.0))
    }
}
