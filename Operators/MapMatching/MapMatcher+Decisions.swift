internal import Geo
internal import Records
internal import RoadNetwork

extension MapMatcher {
    /// Gives out what all plausible paths agree on, and what has waited too long.
    mutating func decide(_ lattice: inout Lattice, _ output: inout MatchOutput) {
        let last = lattice.steps.count - 1
        guard last >= 0 else { return }
        let margin = margin(lattice)
        var survivors: UInt64 = 0
        for (index, place) in lattice.range(last).enumerated()
        where lattice.candidates[place].score >= -margin {
            survivors |= 1 << UInt64(index)
        }
        var step = last
        while step > 0, survivors.nonzeroBitCount > 1 {
            var parents: UInt64 = 0
            for (index, place) in lattice.range(step).enumerated()
            where survivors >> UInt64(index) & 1 == 1 {
                parents |= 1 << UInt64(lattice.candidates[place].back)
            }
            survivors = parents
            step -= 1
        }
        if survivors.nonzeroBitCount == 1, step > 0 || lattice.track == nil {
            commit(&lattice, through: step, at: survivors.trailingZeroBitCount, &output)
        }
        let bound = max(1, settings.lagSteps)
        while lattice.steps.count > 1,
            lattice.steps.count - 1 > bound || lattice.waitingTime > settings.lagBound
        {
            let place = lattice.bestPlace(ofStep: lattice.steps.count - 1)
            trace(lattice, from: lattice.steps.count - 1, place)
            commit(&lattice, through: 1, at: chain[1], &output)
        }
        giveOutCommon(&lattice, &output)
    }

    /// Whether what is undecided has waited for more than a step.
    func isAwaited(_ lattice: Lattice) -> Bool { lattice.steps.count > 2 || waited(lattice) >= 1 }

    /// How much less probable than the best a path may be and still hold up a decision, as a logarithm.
    func margin(_ lattice: Lattice) -> Float {
        Float(
            max(
                settings.leastMargin,
                settings.margin - settings.marginDecay * waited(lattice)))
    }

    /// For how many steps the oldest undecided one has waited; a car that stands makes none, but its row is
    /// awaited all the same.
    private func waited(_ lattice: Lattice) -> Double {
        // Not the newest time that was given: what is held back for order must decide nothing.
        let step = lattice.steps.last?.time ?? 0
        let standing = Double(max(0, (lattice.minors.last?.time ?? step) - step))
        return Double(max(0, lattice.steps.count - 2))
            + standing / Double(max(1, settings.standingStep))
    }

    /// Decides on every step by the most probable path, and leaves the track open.
    mutating func decideAll(_ lattice: inout Lattice, _ output: inout MatchOutput) {
        let last = lattice.steps.count - 1
        guard last >= 0, last > 0 || lattice.track == nil else { return }
        commit(&lattice, through: last, at: lattice.bestPlace(ofStep: last), &output)
    }

    /// Ends the track with the best path; places what is left.
    mutating func finish(_ lattice: inout Lattice, _ output: inout MatchOutput) {
        // The last observation decides where the track ends, however close it was to the last step.
        if let last = lattice.minors.last, let step = lattice.steps.last, last.time > step.time {
            lattice.minors.removeLast()
            let place = standingPlace(lattice, at: last.coordinate) ?? last.coordinate
            let observation = Lattice.Pending(
                time: last.time, latitude: place.latitude, longitude: place.longitude,
                heading: .nan, speed: .nan, sequence: last.sequence)
            graph.candidates(
                near: observation.coordinate, radius: settings.radius,
                limit: max(1, min(MapMatcher.candidateLimit, settings.candidates)), into: &found)
            if found.isEmpty || !connect(observation, &lattice) { lattice.minors.append(last) }
        }
        decideAll(&lattice, &output)
        if var track = lattice.track {
            settleBegin(&track, lattice, [], end: track.offset, reachesEnd: false)
            for minor in lattice.minors {
                let place = graph.projection(
                    of: minor.coordinate, on: track.base, from: 0,
                    to: graph.length(Int(track.base)))
                output.points.append(
                    MatchedPoint(
                        sequence: minor.sequence, time: EventTime(milliseconds: minor.time),
                        segment: Int(track.base), offset: place.offset))
            }
            leave(
                &lattice, track, at: max(track.time, track.enterTime),
                offset: settledEnd(of: track, lattice), isEnd: false,
                by: (track.sequence, Int64(track.time)), &output)
        }
        lattice.track = nil
        lattice.steps.removeAll(keepingCapacity: true)
        lattice.candidates.removeAll(keepingCapacity: true)
        lattice.routes.removeAll(keepingCapacity: true)
        lattice.minors.removeAll(keepingCapacity: true)
        lattice.strays = 0
    }

    /// Fills ``chain`` with the places of the path that ends at `place` of `step`, from step 0.
    mutating func trace(_ lattice: Lattice, from step: Int, _ place: Int) {
        chain.removeAll(keepingCapacity: true)
        for _ in 0...step { chain.append(0) }
        chain[step] = place
        var index = step
        while index > 0 {
            let candidate = lattice.candidates[lattice.range(index).lowerBound + chain[index]]
            chain[index - 1] = max(0, Int(candidate.back))
            index -= 1
        }
    }

    /// Drives along the path to `place` of `step` and makes that the lattice's beginning.
    private mutating func commit(
        _ lattice: inout Lattice, through step: Int, at place: Int, _ output: inout MatchOutput
    ) {
        let confidence = lattice.confidence(inPlace: place, ofStep: step)
        trace(lattice, from: step, place)
        if let known = lattice.track?.confidence {
            lattice.track?.confidence = min(known, confidence)
        }
        if lattice.track == nil {
            let first = lattice.steps[0]
            let candidate = lattice.candidates[lattice.range(0).lowerBound + chain[0]]
            let offset = Double(candidate.offset)
            lattice.track = Lattice.Track(
                segment: candidate.segment, offset: offset, time: Double(first.time),
                sequence: first.sequence, confidence: confidence)
            output.points.append(
                MatchedPoint(
                    sequence: first.sequence, time: EventTime(milliseconds: first.time),
                    segment: Int(candidate.segment), offset: offset))
        }
        if step > 0 {
            for index in 1...step {
                let candidate = lattice.candidates[
                    lattice.range(index).lowerBound + chain[index]]
                move(&lattice, to: lattice.steps[index], candidate, confidence, &output)
                // Who stands is held in place however far its positions stray, and they stray alike for minutes:
                // they tell nothing of the noise across the road.
                guard drive.length >= settings.stepDistance else { continue }
                let place = graph.coordinate(
                    on: Int(candidate.segment), offset: Double(candidate.offset))
                lattice.noise.add(Float(lattice.steps[index].distance(to: place)))
            }
        }
        lattice.rebase(on: step, keeping: place)
    }

    /// Adds the passage that ends here, unless it covers next to nothing.
    func leave(
        _ lattice: inout Lattice, _ track: Lattice.Track, at time: Double, offset: Double,
        isEnd: Bool, by completing: (sequence: UInt64, time: Int64), _ output: inout MatchOutput
    ) {
        let leaveTime = Int64(time.rounded())
        lattice.remember(track.segment, leaveTime: leaveTime)
        guard offset > track.enterOffset else { return }
        output.traversals.append(
            Traversal(
                segment: Int(track.segment), id: graph.id(of: Int(track.segment)),
                enterTime: EventTime(milliseconds: Int64(track.enterTime.rounded())),
                leaveTime: EventTime(milliseconds: leaveTime), enterOffset: track.enterOffset,
                leaveOffset: offset, isComplete: isEnd && track.enterOffset == 0,
                completedBy: completing.sequence,
                completionTime: EventTime(milliseconds: completing.time),
                confidence: Double(track.confidence), endsTrack: !isEnd))
    }
}
