public import Records

extension Lattice: BinaryCodable {
    /// Reads a state; whoever writes checkpoints keeps the graph's fingerprint beside it.
    public init(from reader: inout ByteReader) throws(CodecError) {
        self.init()
        for _ in 0..<(try reader.count(minimumSize: 48)) {
            pending.append(
                Pending(
                    time: try reader.integer(), latitude: try reader.double(),
                    longitude: try reader.double(), heading: try reader.double(),
                    speed: try reader.double(), sequence: try reader.integer()))
        }
        try readSteps(&reader)
        for _ in 0..<(try reader.count(minimumSize: 32)) {
            minors.append(
                Minor(
                    time: try reader.integer(), latitude: try reader.double(),
                    longitude: try reader.double(), sequence: try reader.integer()))
        }
        if try Bool(from: &reader) {
            track = Track(
                segment: try reader.integer(), offset: try reader.double(),
                time: try reader.double(), enterTime: try reader.double(),
                enterOffset: try reader.double(), sequence: try reader.integer())
        }
        for _ in 0..<(try reader.count(minimumSize: 12)) {
            recent.append(Recent(segment: try reader.integer(), leaveTime: try reader.integer()))
        }
        strays = Int(try reader.integer(UInt8.self))
        newestTime = try reader.integer()
        lateCount = try reader.varint()
        strayCount = try reader.varint()
        breakCount = try reader.varint()
    }

    private mutating func readSteps(_ reader: inout ByteReader) throws(CodecError) {
        for _ in 0..<(try reader.count(minimumSize: 33)) {
            let step = Step(
                time: try reader.integer(), latitude: try reader.double(),
                longitude: try reader.double(), sequence: try reader.integer(),
                firstCandidate: Int32(truncatingIfNeeded: candidates.count),
                candidateCount: Int32(try reader.integer(UInt8.self)))
            guard step.candidateCount > 0 else { throw .malformed("a step without a place") }
            let previous = steps.last?.candidateCount ?? 0
            for _ in 0..<step.candidateCount {
                var candidate = Candidate(
                    segment: try reader.integer(),
                    offset: Float(bitPattern: try reader.integer(UInt32.self)),
                    score: Float(bitPattern: try reader.integer(UInt32.self)),
                    back: try reader.integer(), turns: try Bool(from: &reader),
                    routeStart: Int32(truncatingIfNeeded: routes.count), routeCount: 0)
                guard candidate.back >= -1, Int32(candidate.back) < max(1, previous) else {
                    throw .malformed("a path from nowhere")
                }
                let count = try reader.count(minimumSize: 4)
                guard count <= Lattice.routeLimit else { throw .malformed("a way without end") }
                candidate.routeCount = Int32(count)
                for _ in 0..<count { routes.append(try reader.integer()) }
                candidates.append(candidate)
            }
            steps.append(step)
        }
    }

    /// Writes the state.
    public func encode(into writer: inout ByteWriter) {
        writer.varint(UInt64(pending.count))
        for item in pending {
            writer.integer(item.time)
            writer.double(item.latitude)
            writer.double(item.longitude)
            writer.double(item.heading)
            writer.double(item.speed)
            writer.integer(item.sequence)
        }
        writer.varint(UInt64(steps.count))
        for step in steps { encode(step, into: &writer) }
        writer.varint(UInt64(minors.count))
        for minor in minors {
            writer.integer(minor.time)
            writer.double(minor.latitude)
            writer.double(minor.longitude)
            writer.integer(minor.sequence)
        }
        (track != nil).encode(into: &writer)
        if let track {
            writer.integer(track.segment)
            writer.double(track.offset)
            writer.double(track.time)
            writer.double(track.enterTime)
            writer.double(track.enterOffset)
            writer.integer(track.sequence)
        }
        writer.varint(UInt64(recent.count))
        for item in recent {
            writer.integer(item.segment)
            writer.integer(item.leaveTime)
        }
        writer.integer(UInt8(clamping: strays))
        writer.integer(newestTime)
        writer.varint(lateCount)
        writer.varint(strayCount)
        writer.varint(breakCount)
    }

    private func encode(_ step: Step, into writer: inout ByteWriter) {
        writer.integer(step.time)
        writer.double(step.latitude)
        writer.double(step.longitude)
        writer.integer(step.sequence)
        writer.integer(UInt8(clamping: step.candidateCount))
        let first = Int(step.firstCandidate)
        for candidate in candidates[first..<(first + Int(step.candidateCount))] {
            writer.integer(candidate.segment)
            writer.integer(candidate.offset.bitPattern)
            writer.integer(candidate.score.bitPattern)
            writer.integer(candidate.back)
            candidate.turns.encode(into: &writer)
            let start = Int(candidate.routeStart)
            let route = routes[start..<(start + Int(candidate.routeCount))]
            writer.varint(UInt64(route.count))
            for segment in route { writer.integer(segment) }
        }
    }
}
