public import Records
public import RoadNetwork

/// Keeps the speeds of routers current: Valhalla's `traffic.tar` in place, and OSRM's table of speeds.
///
/// Whatever the files said before, all of them say at the start that nothing is known. A speed is told for so long as it is young enough,
/// by the clock and not by what comes: when the feed stops, routers go back to what they knew without it.
public final class RouterExport {
    /// OSRM's table.
    public struct OSRM {
        /// The nodes of the ways.
        public var speeds: OSRMSpeeds
        /// The file that is written.
        public var path: String

        /// Puts the two together.
        public init(speeds: OSRMSpeeds, path: String) {
            self.speeds = speeds
            self.path = path
        }
    }

    /// What a round has written.
    public struct Round: Hashable, Sendable {
        /// Segments that have changed.
        public var segments = 0
        /// Edges of Valhalla that were set, or of which nothing is known any more.
        public var edges = 0
        /// Lines of OSRM's table.
        public var lines = 0
        /// Whether Valhalla's archive was another one than before, and was told everything.
        public var isArchiveNew = false
    }

    /// The share of an edge of which a speed must be known to tell one.
    private static let leastShare = 0.5

    private let graph: RoadGraph
    private var valhalla: Valhalla?
    private let osrm: OSRM?
    private let age: Int64
    private let clock: any EventClock
    private let isRecorded: Bool
    private var book = SpeedBook()
    /// Whether OSRM's table says something else than is known: a round that failed is made good by the next.
    private var isTableOld = true
    /// Whether Valhalla's archive says something else than is known, or isn't the one that is mapped.
    private var isArchiveOld = false

    /// Writes for routers; takes away what the files say.
    ///
    /// - Parameters:
    ///   - age: how many milliseconds behind its window's end a speed is still told.
    ///   - clock: what time it is.
    ///   - isRecorded: whether history is played again, which ages by its newest window and not by the clock.
    /// - Throws: ``RoadNetworkError`` when one of the files can't be written.
    public init(
        graph: RoadGraph, valhalla: Valhalla?, osrm: OSRM?, age: Int64, clock: any EventClock,
        isRecorded: Bool = false
    ) throws(RoadNetworkError) {
        self.graph = graph
        self.valhalla = valhalla
        self.osrm = osrm
        self.age = age
        self.clock = clock
        self.isRecorded = isRecorded
        try clear()
    }

    /// Takes an update in; ``write()`` tells the routers.
    public func take(_ update: TrafficUpdate) { book.take(update) }

    /// Writes what has changed since the last call, by what has come and by time going on.
    ///
    /// - Throws: ``RoadNetworkError`` when one of the files can't be written, or Valhalla's archive is another one and
    ///   the table of its edges doesn't fit it; the other file is written, and the next call tries again.
    public func write() throws(RoadNetworkError) -> Round {
        forgetOld()
        let changed = book.takeChanges()
        var round = Round(segments: changed.count)
        isTableOld = isTableOld || !changed.isEmpty
        var failure: RoadNetworkError?
        do { try tellValhalla(changed, &round) } catch { failure = error }
        do { try tellOSRM(&round) } catch { failure = failure ?? error }
        if let failure { throw failure }
        return round
    }

    /// Takes back everything that was told: for when nobody will keep it current.
    public func clear() throws(RoadNetworkError) {
        book = SpeedBook()
        isTableOld = true
        var round = Round()
        var failure: RoadNetworkError?
        do { try clearArchive() } catch { failure = error }
        do { try tellOSRM(&round) } catch { failure = failure ?? error }
        if let failure { throw failure }
    }

    private func forgetOld() {
        let now = isRecorded ? book.newest : clock.now()
        guard now > .min else { return }
        book.forget(endedBefore: now.advanced(byMilliseconds: -age))
    }

    // MARK: Valhalla

    private func clearArchive() throws(RoadNetworkError) {
        guard valhalla?.traffic.isCurrent() == false else { return try clearMapped() }
        isArchiveOld = true
        try valhalla?.mapAnew()
        try clearMapped()
    }

    private func clearMapped() throws(RoadNetworkError) {
        try valhalla?.traffic.clear()
        try stamp()
    }

    private func stamp() throws(RoadNetworkError) {
        try valhalla?.traffic.stamp(UInt64(max(0, clock.now().milliseconds / 1_000)))
    }

    private func tellValhalla(
        _ changed: [SegmentID], _ round: inout Round
    ) throws(RoadNetworkError) {
        guard let current = valhalla else { return }
        if !isArchiveOld, current.traffic.isCurrent() {
            if changed.isEmpty { return }
            // A file that is cut short in the midst of it is told everything once it is whole.
            isArchiveOld = true
            round.edges = try write(changed, current)
        } else {
            isArchiveOld = true
            try valhalla?.openAnew(along: graph)
            guard let anew = valhalla else { return }
            try anew.traffic.clear()
            round.edges = try write(book.segments, anew)
            round.isArchiveNew = true
        }
        isArchiveOld = false
    }

    private func write(
        _ changed: [SegmentID], _ valhalla: Valhalla
    ) throws(RoadNetworkError) -> Int {
        var touched: Set<Int> = []
        for segment in changed {
            guard let index = graph.index(of: segment) else { continue }
            touched.formUnion(valhalla.edges.bySegment[index] ?? [])
        }
        var written = 0
        for place in touched.sorted() {
            let edge = valhalla.edges.edges[place]
            if try valhalla.traffic.set(speed(along: edge.parts), of: edge.id) { written += 1 }
        }
        try stamp()
        return written
    }

    /// The speed at which an edge takes the time that its parts take.
    private func speed(along parts: [ValhallaEdges.Part]) -> ValhallaSpeed {
        var (share, pace, freePace) = (0.0, 0.0, 0.0)
        for part in parts {
            guard let measure = book[graph.id(of: part.segment)], measure.speed > 0 else {
                continue
            }
            share += part.share
            pace += part.share / measure.speed
            freePace += part.share * measure.freeFlowRatio / measure.speed
        }
        guard share >= RouterExport.leastShare, pace > 0 else { return .unknown }
        return ValhallaSpeed(
            kilometersPerHour: share / pace * 3.6, freeFlowRatio: freePace / pace)
    }

    // MARK: OSRM

    private func tellOSRM(_ round: inout Round) throws(RoadNetworkError) {
        guard let osrm, isTableOld else { return }
        var lines: [String] = []
        for segment in book.segments {
            guard let index = graph.index(of: segment), let measure = book[segment] else {
                continue
            }
            lines += osrm.speeds.lines(
                of: index, in: graph, kilometersPerHour: measure.speed * 3.6)
        }
        try OSRMSpeeds.write(lines, to: osrm.path)
        isTableOld = false
        round.lines = lines.count
    }
}
