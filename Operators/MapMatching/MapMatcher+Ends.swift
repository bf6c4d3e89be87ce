internal import Records
internal import RoadNetwork

extension MapMatcher {
    /// Metres a second at free flow on a segment.
    private func freeSpeed(_ segment: Int32) -> Double {
        let record = graph.segments[segment]
        return Double(record.length / record.seconds)
    }

    /// Says where on its first segment a track begins, as far as the sightings that are known tell: at the crossing
    /// that lies within the noise, if one does.
    ///
    /// - Parameters:
    ///   - anchors: sightings of a leg behind those that the track knows.
    ///   - end: where the passage of the first segment ends.
    ///   - reachesEnd: whether that is the segment's end.
    func settleBegin(
        _ track: inout Lattice.Track, _ lattice: Lattice, _ anchors: ArraySlice<Drive.Anchor>,
        end: Double, reachesEnd: Bool
    ) {
        guard track.begins, track.segment >= 0 else { return }
        track.begins = false
        var sightings = track.sightings()
        if let last = sightings.last {
            for anchor in anchors.prefix(Lattice.sightingLimit) {
                sightings.append(
                    .init(
                        free: last.free + anchor.free,
                        time: last.time + (anchor.time - track.time) / 1_000))
            }
        }
        // Backwards in time, so that the drive goes on towards its beginning.
        for index in sightings.indices {
            sightings[index].free = -sightings[index].free
            sightings[index].time = -sightings[index].time
        }
        let speed = freeSpeed(track.segment)
        let correction = EndEstimate.correction(
            sightings.reversed(), deviation: lattice.noise.deviation(settings) / speed)
        let begin = max(0, min(end, track.enterOffset - correction.free * speed))
        let tolerance = settings.endDeviations * correction.deviation * speed
        if reachesEnd, end - begin <= min(tolerance, begin) {
            // The passage begins at its end, where nothing is given out of it.
            track.enterOffset = end
        } else {
            track.enterOffset = begin <= tolerance ? 0 : begin
        }
    }

    /// Where on its last segment a track ends: at the crossing that lies within the noise, if one does.
    func settledEnd(of track: Lattice.Track, _ lattice: Lattice) -> Double {
        let length = graph.length(Int(track.base))
        let speed = freeSpeed(track.base)
        let correction = EndEstimate.correction(
            track.sightings(), deviation: lattice.noise.deviation(settings) / speed)
        let end = max(0, min(length, track.offset + correction.free * speed))
        let tolerance = settings.endDeviations * correction.deviation * speed
        if length - end <= min(tolerance, end) { return length }
        return end <= tolerance && track.enterOffset == 0 ? 0 : end
    }
}

extension Lattice.Track {
    /// Takes in the sightings of a leg that is driven, the last ones if there are many.
    mutating func see(_ anchors: ArraySlice<Drive.Anchor>) {
        var last = (free: 0.0, time: time)
        for anchor in anchors {
            func milliseconds(_ value: Double) -> UInt32 {
                UInt32(clamping: Int64(value.rounded()))
            }
            seen.append(
                Lattice.Sighting(
                    free: milliseconds((anchor.free - last.free) * 1_000),
                    time: milliseconds(anchor.time - last.time)))
            last = (anchor.free, anchor.time)
        }
        seen.removeFirst(max(0, seen.count - Lattice.sightingLimit))
    }

    /// The last sightings, in seconds from the first of them.
    func sightings() -> [EndEstimate.Sighting] {
        var (free, time) = (0.0, 0.0)
        return seen.indices.map { index in
            if index > 0 {
                free += Double(seen[index].free) / 1_000
                time += Double(seen[index].time) / 1_000
            }
            return EndEstimate.Sighting(free: free, time: time)
        }
    }
}
