internal import Records
internal import RoadNetwork

extension MapMatcher {
    /// Gives out the segments that all plausible paths have left behind, before they agree where the user is.
    ///
    /// Behind a junction a user may be on one of several roads; the road to the junction is certain long
    /// before. Paths that are not plausible are dropped, so that none contradicts what was given out.
    mutating func giveOutCommon(_ lattice: inout Lattice, _ output: inout MatchOutput) {
        let last = lattice.steps.count - 1
        guard last > 0, let track = lattice.track else { return }
        let margin = margin(lattice)
        let best = lattice.bestPlace(ofStep: last)
        _ = wayThrough(lattice, last, best)
        swap(&way, &otherWay)
        var common = otherWay.count - 1
        // The segments that all agree on, the one that isn't left yet among them.
        var agreed = otherWay.count
        var kept: UInt64 = 1 << UInt64(best)
        var behind: UInt64 = 0
        reached.removeAll(keepingCapacity: true)
        for (place, candidate) in lattice.candidates[lattice.range(last)].enumerated() {
            reached.append(common)
            guard place != best, candidate.score >= -margin else { continue }
            guard common > Int(track.ahead) else { return }
            let turns = wayThrough(lattice, last, place)
            var shared = 0
            while shared < min(way.count, otherWay.count), way[shared] == otherWay[shared] {
                shared += 1
            }
            agreed = min(agreed, shared)
            // Both have left what they share when both go on, whatever road each takes.
            let left = shared < min(way.count, otherWay.count) ? shared : shared - 1
            reached[place] = left
            kept |= 1 << UInt64(place)
            // Who stands at a crossing may be before it or behind it. Whoever waits for long enough is told that
            // it was passed: the way is certain, only the moment isn't.
            if shared == way.count, !turns, isAwaited(lattice) {
                behind |= 1 << UInt64(place)
            } else {
                common = min(common, left)
            }
        }
        guard common > Int(track.ahead) else { return }
        for place in reached.indices
        where behind >> UInt64(place) & 1 == 1 && reached[place] < common {
            kept &= ~(1 << UInt64(place))
        }
        let confidence = lattice.keep(kept)
        give(common, isNextKnown: agreed > common, confidence, &lattice, &output)
    }

    /// Gives out the first `common` segments of the best path, as far as they aren't given out yet.
    private mutating func give(
        _ common: Int, isNextKnown: Bool, _ confidence: Float, _ lattice: inout Lattice,
        _ output: inout MatchOutput
    ) {
        guard var track = lattice.track else { return }
        let last = lattice.steps.count - 1
        trace(lattice, from: last, lattice.bestPlace(ofStep: last))
        track.confidence = min(track.confidence, confidence)
        // The drive to the best place, leg by leg, as far as it is common; nothing of it is decided yet.
        var along = track
        var (passed, minor) = (0, 0)
        for index in 1...last where passed < common {
            let candidate = lattice.candidates[lattice.range(index).lowerBound + chain[index]]
            let step = lattice.steps[index]
            minor += layOut(lattice, along, to: step, candidate, minorsFrom: minor)
            for piece in drive.pieces.indices.dropLast() where passed < common {
                if passed >= Int(track.ahead) {
                    pass(piece, &lattice, &along, confidence, &output)
                }
                passed += 1
            }
            let end = drive.pieces[drive.pieces.count - 1]
            if along.begins { see(&along, lattice) }
            along.base = end.segment
            along.offset = end.to
            along.time = Double(step.time)
            along.sequence = step.sequence
        }
        // Which road is taken at the end of it may be open still.
        track.segment = isNextKnown ? along.segment : Lattice.Track.open
        track.enterTime = along.enterTime
        track.enterOffset = along.enterOffset
        track.confidence = along.confidence
        track.ahead = UInt16(clamping: common)
        track.begins = along.begins
        lattice.track = track
    }

    /// Fills ``way`` with the segments of the path to a place, from the one that is decided; a turn within a
    /// segment ends it, as it leaves no end behind.
    ///
    /// - Returns: whether it ended so.
    private mutating func wayThrough(_ lattice: Lattice, _ last: Int, _ place: Int) -> Bool {
        trace(lattice, from: last, place)
        way.removeAll(keepingCapacity: true)
        guard let track = lattice.track else { return false }
        way.append(track.base)
        var (segment, offset) = (track.base, track.offset)
        for index in 1...last {
            let candidate = lattice.candidates[lattice.range(index).lowerBound + chain[index]]
            if candidate.turns { return true }
            let stays =
                candidate.segment == segment && candidate.routeCount == 0
                && Double(candidate.offset) >= offset
            if !stays {
                let start = Int(candidate.routeStart)
                for hop in start..<(start + Int(candidate.routeCount)) {
                    way.append(lattice.routes[hop])
                }
                way.append(candidate.segment)
            }
            (segment, offset) = (candidate.segment, Double(candidate.offset))
        }
        return false
    }
}

extension Lattice {
    /// Drops the places of the newest step that aren't among `kept`.
    ///
    /// - Returns: the share of the probability of all paths that is left.
    fileprivate mutating func keep(_ kept: UInt64) -> Float {
        let last = steps.count - 1
        let range = range(last)
        let all = probability(of: range)
        var end = range.lowerBound
        var routeEnd = Int(candidates[end].routeStart)
        for place in range where kept >> UInt64(place - range.lowerBound) & 1 == 1 {
            var candidate = candidates[place]
            let start = Int(candidate.routeStart)
            candidate.routeStart = Int32(routeEnd)
            for hop in 0..<Int(candidate.routeCount) {
                routes[routeEnd] = routes[start + hop]
                routeEnd += 1
            }
            candidates[end] = candidate
            end += 1
        }
        candidates.removeLast(candidates.count - end)
        routes.removeLast(routes.count - routeEnd)
        steps[last].candidateCount = Int32(end - range.lowerBound)
        let left = probability(of: self.range(last))
        return all > 0 ? left / all : 1
    }
}
