internal import Records
internal import RoadNetwork

/// Scratch for one leg: the way between two decided steps, in pieces, and when which metre of it was
/// passed.
struct Drive {
    /// A stretch of one segment.
    struct Piece {
        var segment: Int32
        var from: Double
        var to: Double
        /// Metres from the leg's start to the stretch's.
        var start: Double
        /// Whether the segment is left at the stretch's end by driving on; false for a turn within it.
        var reachesEnd: Bool
    }

    /// A moment at which the place is known.
    struct Anchor {
        var distance: Double
        var time: Double
        var sequence: UInt64
    }

    var pieces: [Piece] = []
    var anchors: [Anchor] = []

    mutating func removeAll() {
        pieces.removeAll(keepingCapacity: true)
        anchors.removeAll(keepingCapacity: true)
    }

    var length: Double { pieces.last.map { $0.start + $0.to - $0.from } ?? 0 }

    mutating func append(_ segment: Int32, from: Double, to: Double, reachesEnd: Bool) {
        pieces.append(
            Piece(segment: segment, from: from, to: to, start: length, reachesEnd: reachesEnd))
    }

    /// The first anchor at or behind a distance with the time at which that was reached.
    func passing(_ distance: Double) -> (time: Double, anchor: Anchor) {
        var previous = anchors[0]
        for anchor in anchors.dropFirst() {
            if anchor.distance >= distance, anchor.distance > previous.distance {
                let share =
                    (distance - previous.distance) / (anchor.distance - previous.distance)
                return (
                    previous.time + (anchor.time - previous.time) * max(0, min(1, share)), anchor
                )
            }
            previous = anchor
        }
        return (previous.time, previous)
    }
}

extension MapMatcher {
    /// Moves the track from where it stands to a place of the next decided step.
    mutating func move(
        _ lattice: inout Lattice, to step: Lattice.Step, _ candidate: Lattice.Candidate,
        _ output: inout MatchOutput
    ) {
        guard var track = lattice.track else { return }
        layOut(lattice, track, candidate)
        drive.anchors.append(
            Drive.Anchor(distance: 0, time: track.time, sequence: track.sequence))
        placeMinors(&lattice, before: step.time, &output)
        drive.anchors.append(
            Drive.Anchor(
                distance: drive.length, time: Double(step.time), sequence: step.sequence))
        for index in drive.pieces.indices.dropLast() {
            let piece = drive.pieces[index]
            let (time, anchor) = drive.passing(piece.start + piece.to - piece.from)
            leave(
                &lattice, track, at: time, offset: piece.to, isEnd: piece.reachesEnd,
                by: (anchor.sequence, Int64(anchor.time)), &output)
            let next = drive.pieces[index + 1]
            track.segment = next.segment
            track.enterTime = time
            track.enterOffset = next.from
        }
        track.offset = drive.pieces[drive.pieces.count - 1].to
        track.time = Double(step.time)
        track.sequence = step.sequence
        lattice.track = track
        output.points.append(
            MatchedPoint(
                sequence: step.sequence, time: EventTime(milliseconds: step.time),
                segment: Int(track.segment), offset: track.offset))
    }

    /// Cuts the way to a place into pieces.
    private mutating func layOut(
        _ lattice: Lattice, _ track: Lattice.Track, _ candidate: Lattice.Candidate
    ) {
        drive.removeAll()
        let length = graph.length(Int(track.segment))
        let end = Double(candidate.offset)
        if candidate.turns {
            let turn = max(track.offset, length - end)
            drive.append(track.segment, from: track.offset, to: turn, reachesEnd: false)
            drive.append(
                candidate.segment, from: max(0, length - turn), to: max(end, length - turn),
                reachesEnd: false)
            return
        }
        if candidate.segment == track.segment, candidate.routeCount == 0, end >= track.offset {
            drive.append(track.segment, from: track.offset, to: end, reachesEnd: false)
            return
        }
        drive.append(track.segment, from: track.offset, to: length, reachesEnd: true)
        let start = Int(candidate.routeStart)
        for index in start..<(start + Int(candidate.routeCount)) {
            let segment = lattice.routes[index]
            drive.append(segment, from: 0, to: graph.length(Int(segment)), reachesEnd: true)
        }
        drive.append(candidate.segment, from: 0, to: end, reachesEnd: false)
    }

    /// Places the observations between the last decided step and `time` on the leg, none behind the
    /// one before it.
    private mutating func placeMinors(
        _ lattice: inout Lattice, before time: Int64, _ output: inout MatchOutput
    ) {
        var count = 0
        var reached = 0.0
        while count < lattice.minors.count, lattice.minors[count].time <= time {
            let minor = lattice.minors[count]
            count += 1
            var best = (distance: Double.infinity, piece: drive.pieces[0], offset: 0.0)
            for piece in drive.pieces where piece.start + piece.to - piece.from >= reached {
                let from = piece.from + max(0, reached - piece.start)
                let place = graph.projection(
                    of: minor.coordinate, on: piece.segment, from: from, to: piece.to)
                if place.distance < best.distance {
                    best = (place.distance, piece, place.offset)
                }
            }
            reached = max(reached, best.piece.start + best.offset - best.piece.from)
            drive.anchors.append(
                Drive.Anchor(
                    distance: reached, time: Double(minor.time), sequence: minor.sequence))
            output.points.append(
                MatchedPoint(
                    sequence: minor.sequence, time: EventTime(milliseconds: minor.time),
                    segment: Int(best.piece.segment), offset: best.offset))
        }
        lattice.minors.removeFirst(count)
    }
}
