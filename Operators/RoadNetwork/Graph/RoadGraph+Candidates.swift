public import Geo

extension RoadGraph {
    /// The most roads that one query looks at; beyond it, in a place without equal on any map, the
    /// later ones are left out.
    static let candidateLimit = 128

    /// The nearest place on each road within `radius` metres of `point`, once a direction, nearest
    /// first; roads at the same distance stand in the order of their indices.
    public func candidates(near point: Coordinate, radius: Double) -> [RoadCandidate] {
        var found: [RoadCandidate] = []
        candidates(near: point, radius: radius, limit: RoadGraph.candidateLimit, into: &found)
        return found
    }

    /// Fills `found` with at most `limit` of ``candidates(near:radius:)``, without allocating once
    /// the array has grown.
    public func candidates(
        near point: Coordinate, radius: Double, limit: Int, into found: inout [RoadCandidate]
    ) {
        found.removeAll(keepingCapacity: true)
        guard point.isValid, radius > 0 else { return }
        let latitude = point.latitude * 1e7
        let longitude = point.longitude * 1e7
        let plane = QueryPlane(around: point)
        let bound = radius * radius
        let (latitudeReach, longitudeReach) = (radius / plane.unit, radius / plane.xUnit)
        /// Compiled twice, so that maps far from the antimeridian have no cost of it.
        @inline(__always)
        func look(_ entry: SegmentGrid.Entry, goesRound: Bool) {
            let a = shape[Int(entry.point)]
            let b = shape[Int(entry.point) + 1]
            let leg = plane.leg(a.point, b.point, goesRound: goesRound)
            let t = leg.nearest
            let distance = leg.squaredDistance(at: t)
            guard distance <= bound else { return }
            let inverse = leg.squared > 0 ? 1 / leg.squared.squareRoot() : 0
            keep(
                RoadCandidate(
                    segment: entry.segment, offset: a.offset + (b.offset - a.offset) * Float(t),
                    distance: Float(distance), east: Float(leg.dx * inverse),
                    north: Float(leg.dy * inverse)), &found)
        }
        if grid.goesRound {
            let middle = grid.unrolled(longitude)
            for turn in -1...1 {
                grid.forEach(
                    latitude: latitude, longitude: middle + Double(turn) * E7Point.turn,
                    latitudeReach: latitudeReach, longitudeReach: longitudeReach
                ) { look($0, goesRound: true) }
            }
        } else {
            grid.forEach(
                latitude: latitude, longitude: longitude, latitudeReach: latitudeReach,
                longitudeReach: longitudeReach
            ) { look($0, goesRound: false) }
        }
        finish(&found, limit: limit)
    }

    /// Keeps the nearest place of each road; distances are squared until the end.
    @inline(__always)
    private func keep(_ candidate: RoadCandidate, _ found: inout [RoadCandidate]) {
        for index in found.indices where found[index].segment == candidate.segment {
            if candidate.distance < found[index].distance { found[index] = candidate }
            return
        }
        if found.count < RoadGraph.candidateLimit { found.append(candidate) }
    }

    /// Turns places on roads into places on directed segments.
    private func finish(_ found: inout [RoadCandidate], limit: Int) {
        let roads = found.count
        for index in 0..<roads {
            let segment = segments[found[index].segment]
            found[index].distance = found[index].distance.squareRoot()
            let offset = min(found[index].offset, segment.length)
            found[index].offset = segment.isReversed ? segment.length - offset : offset
            if segment.isReversed {
                found[index].east = -found[index].east
                found[index].north = -found[index].north
            }
            if segment.reverse >= 0 {
                var other = found[index]
                other.segment = segment.reverse
                other.offset = segment.length - other.offset
                other.east = -other.east
                other.north = -other.north
                found.append(other)
            }
        }
        // Insertion sort: the list is short, and `sort` allocates.
        for index in found.indices.dropFirst() {
            let moving = found[index]
            var place = index
            while place > 0, moving.isNearer(than: found[place - 1]) {
                found[place] = found[place - 1]
                place -= 1
            }
            found[place] = moving
        }
        if found.count > limit { found.removeLast(found.count - max(0, limit)) }
    }
}

extension RoadCandidate {
    /// By distance, then by segment.
    @inline(__always)
    fileprivate func isNearer(than other: RoadCandidate) -> Bool {
        distance != other.distance ? distance < other.distance : segment < other.segment
    }
}
