internal import Geo
public import Records

extension Lattice {
    /// The farthest times from 1970 that are taken, in milliseconds: 285,000 years, whole as doubles.
    static let timeLimit: Int64 = 1 << 53

    /// Reads a time, a latitude and a longitude and refuses what no observation has.
    fileprivate static func readPlace(
        _ reader: inout ByteReader
    ) throws(CodecError) -> (time: Int64, coordinate: Coordinate) {
        let time = try reader.integer(Int64.self)
        let coordinate = try Coordinate(from: &reader)
        guard time.magnitude <= timeLimit, coordinate.isValid else {
            throw .malformed("an observation out of range")
        }
        return (time, coordinate)
    }

    /// Reads a moment in milliseconds with fractions.
    private static func readMoment(_ reader: inout ByteReader) throws(CodecError) -> Double {
        let moment = try reader.double()
        guard abs(moment) <= Double(timeLimit) else { throw .malformed("a time out of range") }
        return moment
    }
}

extension Lattice.Pending: BinaryCodable {
    init(from reader: inout ByteReader) throws(CodecError) {
        let (time, place) = try Lattice.readPlace(&reader)
        self.init(
            time: time, latitude: place.latitude, longitude: place.longitude,
            heading: try reader.double(), speed: try reader.double(),
            sequence: try reader.integer())
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(time)
        writer.double(latitude)
        writer.double(longitude)
        writer.double(heading)
        writer.double(speed)
        writer.integer(sequence)
    }
}

extension Lattice: BinaryCodable {
    /// Raised with the form of the bytes.
    public static var codecVersion: UInt32 { 5 }

    /// Reads a state; whoever writes checkpoints keeps the graph's fingerprint beside it.
    public init(from reader: inout ByteReader) throws(CodecError) {
        self.init()
        for _ in 0..<(try reader.count(minimumSize: 48)) {
            pending.append(try Pending(from: &reader))
        }
        try readSteps(&reader)
        for _ in 0..<(try reader.count(minimumSize: 32)) {
            let (time, place) = try Lattice.readPlace(&reader)
            minors.append(
                Minor(
                    time: time, latitude: place.latitude, longitude: place.longitude,
                    sequence: try reader.integer()))
        }
        if try Bool(from: &reader) {
            var read = Track(
                segment: try reader.integer(), offset: try reader.double(),
                time: try Lattice.readMoment(&reader), sequence: try reader.integer(),
                confidence: Float(bitPattern: try reader.integer(UInt32.self)))
            read.segment = try reader.integer()
            read.enterTime = try Lattice.readMoment(&reader)
            read.enterOffset = try reader.double()
            read.ahead = try reader.integer()
            read.begins = try Bool(from: &reader)
            read.seen = try Lattice.readSightings(&reader)
            track = read
        }
        for _ in 0..<(try reader.count(minimumSize: 12)) {
            recent.append(Recent(segment: try reader.integer(), leaveTime: try reader.integer()))
        }
        dwell = try Dwell?(from: &reader)
        leaving = try Pending?(from: &reader)
        noise.squares = Float(bitPattern: try reader.integer(UInt32.self))
        noise.count = Float(bitPattern: try reader.integer(UInt32.self))
        guard noise.squares.isFinite, noise.squares >= 0, noise.count.isFinite, noise.count >= 0
        else { throw .malformed("a noise that is none") }
        strays = Int(try reader.integer(UInt8.self))
        newestTime = try reader.integer()
        lateCount = try reader.varint()
        strayCount = try reader.varint()
        breakCount = try reader.varint()
    }

    private static func readSightings(
        _ reader: inout ByteReader
    ) throws(CodecError) -> [Sighting] {
        let count = try reader.count(minimumSize: 2)
        guard (1...sightingLimit).contains(count) else { throw .malformed("sightings without end") }
        var seen: [Sighting] = []
        for _ in 0..<count {
            let (free, time) = (try reader.varint(), try reader.varint())
            guard let free = UInt32(exactly: free), let time = UInt32(exactly: time) else {
                throw .malformed("a sighting out of range")
            }
            seen.append(Sighting(free: free, time: time))
        }
        return seen
    }

    private mutating func readSteps(_ reader: inout ByteReader) throws(CodecError) {
        for _ in 0..<(try reader.count(minimumSize: 33)) {
            let (time, place) = try Lattice.readPlace(&reader)
            let step = Step(
                time: time, latitude: place.latitude, longitude: place.longitude,
                sequence: try reader.integer(),
                firstCandidate: Int32(truncatingIfNeeded: candidates.count),
                candidateCount: Int32(try reader.integer(UInt8.self)))
            guard (1...Int32(MapMatcher.candidateLimit)).contains(step.candidateCount) else {
                throw .malformed("a step without a place, or with too many")
            }
            // Where the paths to this step may come from.
            let backs = steps.last.map { 0..<$0.candidateCount } ?? -1..<0
            for _ in 0..<step.candidateCount {
                var candidate = Candidate(
                    segment: try reader.integer(),
                    offset: Float(bitPattern: try reader.integer(UInt32.self)),
                    score: Float(bitPattern: try reader.integer(UInt32.self)),
                    back: try reader.integer(), turns: try Bool(from: &reader),
                    routeStart: Int32(truncatingIfNeeded: routes.count), routeCount: 0)
                guard backs.contains(Int32(candidate.back)) else {
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
        for item in pending { item.encode(into: &writer) }
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
            writer.integer(track.base)
            writer.double(track.offset)
            writer.double(track.time)
            writer.integer(track.sequence)
            writer.integer(track.confidence.bitPattern)
            writer.integer(track.segment)
            writer.double(track.enterTime)
            writer.double(track.enterOffset)
            writer.integer(track.ahead)
            track.begins.encode(into: &writer)
            writer.varint(UInt64(track.seen.count))
            for sighting in track.seen {
                writer.varint(UInt64(sighting.free))
                writer.varint(UInt64(sighting.time))
            }
        }
        writer.varint(UInt64(recent.count))
        for item in recent {
            writer.integer(item.segment)
            writer.integer(item.leaveTime)
        }
        dwell.encode(into: &writer)
        leaving.encode(into: &writer)
        writer.integer(noise.squares.bitPattern)
        writer.integer(noise.count.bitPattern)
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
