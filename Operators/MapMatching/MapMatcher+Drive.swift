internal import Records
internal import RoadNetwork

/// Scratch for one leg: the way between two decided steps, in pieces, and when which metre of it was
/// passed.
///
/// Between two moments at which the place is known a car is taken to drive at one share of free flow, not at
/// one speed: who turns from a main road into a side street slows down at the corner and not half-way.
struct Drive {
    /// A stretch of one segment.
    struct Piece {
        var segment: Int32
        var from: Double
        var to: Double
        /// Metres from the leg's start to the stretch's.
        var start: Double
        /// Seconds at free flow from the leg's start to the stretch's, and a metre on it.
        var freeStart: Double
        var pace: Double
        /// Whether the segment is left at the stretch's end by driving on; false for a turn within it.
        var reachesEnd: Bool
    }

    /// A moment at which the place is known.
    struct Anchor {
        var distance: Double
        /// Seconds at free flow from the leg's start.
        var free: Double
        var time: Double
        var sequence: UInt64
    }

    var pieces: [Piece] = []
    var anchors: [Anchor] = []
    /// Where the observations on the leg are placed.
    var places: [(segment: Int32, offset: Double)] = []

    mutating func removeAll() {
        pieces.removeAll(keepingCapacity: true)
        anchors.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
    }

    var length: Double { pieces.last.map { $0.start + $0.to - $0.from } ?? 0 }

    mutating func append(
        _ segment: Int32, from: Double, to: Double, pace: Double, reachesEnd: Bool
    ) {
        let free = pieces.last.map { $0.freeStart + ($0.to - $0.from) * $0.pace } ?? 0
        pieces.append(
            Piece(
                segment: segment, from: from, to: to, start: length, freeStart: free, pace: pace,
                reachesEnd: reachesEnd))
    }

    /// Seconds at free flow from the leg's start to a distance along it.
    private func free(_ distance: Double) -> Double {
        for piece in pieces where distance <= piece.start + piece.to - piece.from {
            return piece.freeStart + (distance - piece.start) * piece.pace
        }
        return pieces.last.map { $0.freeStart + ($0.to - $0.from) * $0.pace } ?? 0
    }

    /// Notes that a distance was reached at a time.
    mutating func anchor(_ distance: Double, at time: Double, _ sequence: UInt64) {
        anchors.append(
            Anchor(distance: distance, free: free(distance), time: time, sequence: sequence))
    }

    /// The first anchor at or behind a distance with the time at which that was reached.
    func passing(_ distance: Double) -> (time: Double, anchor: Anchor) {
        let wanted = free(distance)
        var previous = anchors[0]
        for anchor in anchors.dropFirst() {
            if anchor.distance >= distance, anchor.free > previous.free {
                let share = (wanted - previous.free) / (anchor.free - previous.free)
                return (
                    previous.time + (anchor.time - previous.time) * max(0, min(1, share)), anchor
                )
            }
            previous = anchor
        }
        return (previous.time, previous)
    }

    /// Nobody is believed to need less than this share of free flow's time.
    static let leastShare = 0.25

    /// When the end of a piece was reached by who entered its segment at `entered`, in ms, `entry` metres behind
    /// the segment's start, and with which moment that was known.
    ///
    /// When the segment was entered may have been given out when less was known, and be later than is now
    /// believed of its end: the car is then taken to drive on in step with the first moment that leaves enough
    /// time.
    func leaving(_ piece: Piece, entered: Double, at entry: Double) -> (
        time: Double, anchor: Anchor
    ) {
        let distance = piece.start + piece.to - piece.from
        let known = passing(distance)
        let needed = (piece.to - entry) * piece.pace * 1_000
        guard known.time - entered < needed * Drive.leastShare else { return known }
        let end = free(distance) * 1_000
        for anchor in anchors where anchor.distance >= distance {
            let all = anchor.free * 1_000 - end + needed
            if anchor.time - entered >= all * Drive.leastShare {
                return (entered + (anchor.time - entered) * needed / all, known.anchor)
            }
        }
        return (entered + needed * Drive.leastShare, known.anchor)
    }
}

extension MapMatcher {
    /// Moves the track from where it stands to a place of the next decided step.
    mutating func move(
        _ lattice: inout Lattice, to step: Lattice.Step, _ candidate: Lattice.Candidate,
        _ confidence: Float, _ output: inout MatchOutput
    ) {
        guard var track = lattice.track else { return }
        let minors = layOut(lattice, track, to: step, candidate, minorsFrom: 0)
        for (minor, place) in zip(lattice.minors, drive.places) {
            output.points.append(
                MatchedPoint(
                    sequence: minor.sequence, time: EventTime(milliseconds: minor.time),
                    segment: Int(place.segment), offset: place.offset))
        }
        lattice.minors.removeFirst(minors)
        for index in drive.pieces.indices.dropLast() {
            if track.ahead > 0 {
                track.ahead -= 1
            } else {
                pass(index, &lattice, &track, confidence, &output)
            }
        }
        let end = drive.pieces[drive.pieces.count - 1]
        if track.ahead == 0, track.segment == Lattice.Track.open { track.segment = end.segment }
        see(&track, lattice)
        track.base = end.segment
        track.offset = end.to
        track.time = Double(step.time)
        track.sequence = step.sequence
        lattice.track = track
        output.points.append(
            MatchedPoint(
                sequence: step.sequence, time: EventTime(milliseconds: step.time),
                segment: Int(track.base), offset: track.offset))
    }

    /// Takes in the sightings of the leg that is laid out.
    func see(_ track: inout Lattice.Track, _ lattice: Lattice) {
        let anchors = drive.anchors.dropFirst()
        if track.begins, track.segment >= 0,
            track.seen.count + anchors.count > Lattice.sightingLimit
        {
            // Later ones would tell no more of the beginning than these.
            let length = graph.length(Int(track.segment))
            settleBegin(&track, lattice, anchors, end: length, reachesEnd: true)
        }
        track.see(anchors)
    }

    /// Gives out the passage that ends with a piece of the drive, and enters the next piece.
    func pass(
        _ index: Int, _ lattice: inout Lattice, _ track: inout Lattice.Track, _ confidence: Float,
        _ output: inout MatchOutput
    ) {
        let piece = drive.pieces[index]
        if track.segment == Lattice.Track.open { track.segment = piece.segment }
        settleBegin(
            &track, lattice, drive.anchors.dropFirst(), end: piece.to,
            reachesEnd: piece.reachesEnd)
        let (time, anchor) = drive.leaving(
            piece, entered: track.enterTime, at: track.enterOffset)
        leave(
            &lattice, track, at: time, offset: piece.to, isEnd: piece.reachesEnd,
            by: (anchor.sequence, Int64(anchor.time)), &output)
        let next = drive.pieces[index + 1]
        track.segment = next.segment
        track.enterTime = time
        track.enterOffset = next.from
        track.confidence = confidence
    }

    /// Lays out the way from the track's last decided place to a place of the step after it, with the moments
    /// at which the place on it is known.
    ///
    /// - Parameter minorsFrom: the first observation behind the decided place.
    /// - Returns: how many observations lie on the way; their places are in ``Drive/places``.
    mutating func layOut(
        _ lattice: Lattice, _ track: Lattice.Track, to step: Lattice.Step,
        _ candidate: Lattice.Candidate, minorsFrom: Int
    ) -> Int {
        cut(lattice, track, candidate)
        drive.anchor(0, at: track.time, track.sequence)
        var index = minorsFrom
        var reached = 0.0
        while index < lattice.minors.count, lattice.minors[index].time <= step.time {
            let minor = lattice.minors[index]
            index += 1
            var best = (distance: Double.infinity, piece: drive.pieces[0], offset: 0.0)
            // None lies behind the one before it.
            for piece in drive.pieces where piece.start + piece.to - piece.from >= reached {
                let from = piece.from + max(0, reached - piece.start)
                let place = graph.projection(
                    of: minor.coordinate, on: piece.segment, from: from, to: piece.to)
                if place.distance < best.distance { best = (place.distance, piece, place.offset) }
            }
            reached = max(reached, best.piece.start + best.offset - best.piece.from)
            drive.anchor(reached, at: Double(minor.time), minor.sequence)
            drive.places.append((best.piece.segment, best.offset))
        }
        drive.anchor(drive.length, at: Double(step.time), step.sequence)
        return index - minorsFrom
    }

    /// Cuts the way to a place into pieces.
    private mutating func cut(
        _ lattice: Lattice, _ track: Lattice.Track, _ candidate: Lattice.Candidate
    ) {
        drive.removeAll()
        func append(_ segment: Int32, from: Double, to: Double, reachesEnd: Bool) {
            let record = graph.segments[segment]
            drive.append(
                segment, from: from, to: to, pace: Double(record.seconds / record.length),
                reachesEnd: reachesEnd)
        }
        let length = graph.length(Int(track.base))
        let end = Double(candidate.offset)
        if candidate.turns {
            let turn = max(track.offset, length - end)
            append(track.base, from: track.offset, to: turn, reachesEnd: false)
            append(
                candidate.segment, from: max(0, length - turn), to: max(end, length - turn),
                reachesEnd: false)
            return
        }
        if candidate.segment == track.base, candidate.routeCount == 0, end >= track.offset {
            append(track.base, from: track.offset, to: end, reachesEnd: false)
            return
        }
        append(track.base, from: track.offset, to: length, reachesEnd: true)
        let start = Int(candidate.routeStart)
        for index in start..<(start + Int(candidate.routeCount)) {
            let segment = lattice.routes[index]
            append(segment, from: 0, to: graph.length(Int(segment)), reachesEnd: true)
        }
        append(candidate.segment, from: 0, to: end, reachesEnd: false)
    }
}
