internal import Records

/// What is known of a segment in a bin of the week: the last two weeks as they are, those before them faded into one
/// sum, and what of it was told.
///
/// Nothing fades in place: a week that is taken back altogether leaves what was known before it, and a passage that
/// comes a week late counts for as much as if it had come in time. So what is known follows from the passages that
/// stand, in whatever order they came, as long as none comes when two later weeks are known; such a one is left out.
struct ProfileHistory: BinaryCodable, Sendable {
    /// How many weeks are kept apart, so that they can be corrected.
    static let openWeeks = 2
    /// After so many weeks nothing more fades.
    private static let mostFading: Int64 = 64

    /// The last weeks with passages, in their order.
    private var weeks: [ProfileWeek] = []
    /// The weeks before, as they count in the last of them.
    private var past = ProfileSum()
    private var pastOccurrence: Int64?
    private var pastVisitors = ProfileVisitors()
    /// Tells the row that stands from others (``mark(decay:)``); nil: none does.
    var told: UInt64?

    /// Knows of nothing.
    init() {}

    /// The five minutes since 1970 of the newest passage that stands; nil before the first.
    var newest: Int64? { weeks.last?.occurrence ?? pastOccurrence }

    /// Whether nothing is known, and nothing stands.
    var isEmpty: Bool { newest == nil && told == nil }

    /// All that is known, as it counts in the newest week.
    func sum(decay: Double) -> ProfileSum {
        var (sum, occurrence) = (past, pastOccurrence)
        for week in weeks { ProfileHistory.merge(week, into: &sum, of: &occurrence, decay) }
        return sum
    }

    /// Tells what is known from whatever else could be.
    func mark(decay: Double) -> UInt64 {
        var writer = ByteWriter(capacity: 64)
        writer.integer(newest ?? 0)
        sum(decay: decay).encode(into: &writer)
        return KeyedHash(0, 0).hash(writer.bytes)
    }

    /// How many distinct vehicles have passed in the weeks that are remembered; of more than are kept, so many.
    var vehicles: Int {
        guard let newest else { return 0 }
        let oldest = ProfileVisitors.oldest(at: newest)
        var marks = Set(pastVisitors.marks(since: oldest))
        for week in weeks where week.occurrence >= oldest { marks.formUnion(week.marks) }
        return marks.count
    }

    /// Takes a passage in, or takes it back.
    ///
    /// - Parameters:
    ///   - occurrence: which five minutes since 1970 it is of.
    ///   - decay: what a week counts for in the next.
    ///   - minimumVehicles: from how many on a profile may be told.
    /// - Returns: whether it counts; what comes when two later weeks are known doesn't.
    @discardableResult
    mutating func add(
        _ passage: SegmentTraversal, at occurrence: Int64, decay: Double, minimumVehicles: Int
    ) -> Bool {
        if let pastOccurrence, occurrence <= pastOccurrence { return false }
        let place = weeks.firstIndex { $0.occurrence >= occurrence } ?? weeks.count
        if place == weeks.count || weeks[place].occurrence != occurrence {
            weeks.insert(ProfileWeek(occurrence: occurrence), at: place)
        }
        weeks[place].add(passage, keeping: ProfileWeek.kept(for: minimumVehicles))
        if weeks[place].isEmpty { weeks.remove(at: place) }
        if weeks.count > ProfileHistory.openWeeks {
            let oldest = weeks.removeFirst()
            ProfileHistory.merge(oldest, into: &past, of: &pastOccurrence, decay)
            pastVisitors.merge(oldest, keeping: ProfileVisitors.kept(for: minimumVehicles))
        }
        return true
    }

    private static func merge(
        _ week: ProfileWeek, into sum: inout ProfileSum, of occurrence: inout Int64?,
        _ decay: Double
    ) {
        let weeks = (week.occurrence - (occurrence ?? week.occurrence)) / Int64(WeekBin.count)
        for _ in 0..<max(0, min(weeks, mostFading)) { sum.fade(to: decay) }
        sum.merge(week.sum)
        occurrence = week.occurrence
    }

    // MARK: Bytes

    /// Few keys of a country's map see more than one vehicle: what is small takes few bytes, and what isn't there
    /// takes none.
    init(from reader: inout ByteReader) throws(CodecError) {
        let form = try reader.integer(UInt8.self)
        let (count, hasPast, hasTold) = (Int(form & 3), form & 4 != 0, form & 8 != 0)
        guard form < 16, count <= ProfileHistory.openWeeks else {
            throw .malformed("a profile of another form")
        }
        var newest: Int64 = 0
        if count > 0 || hasPast { newest = try reader.zigzag() }
        guard newest.magnitude <= UInt64(WeekBin.farthest) else {
            throw .malformed("a week beyond all time")
        }
        if hasPast {
            pastOccurrence =
                count == 0
                ? newest : try ProfileHistory.readEarlier(than: newest, from: &reader)
            past = try ProfileSum(compact: &reader)
            pastVisitors = try ProfileVisitors(from: &reader, of: pastOccurrence ?? newest)
        }
        for place in 0..<count {
            let occurrence =
                place == count - 1
                ? newest : try ProfileHistory.readEarlier(than: newest, from: &reader)
            weeks.append(try ProfileWeek(from: &reader, occurrence: occurrence))
        }
        if hasTold { told = try reader.integer() }
        let occurrences = (pastOccurrence.map { [$0] } ?? []) + weeks.map(\.occurrence)
        guard zip(occurrences, occurrences.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw .malformed("weeks out of order")
        }
    }

    func encode(into writer: inout ByteWriter) {
        let form = weeks.count | (pastOccurrence == nil ? 0 : 4) | (told == nil ? 0 : 8)
        writer.integer(UInt8(truncatingIfNeeded: form))
        guard let newest else {
            if let told { writer.integer(told) }
            return
        }
        writer.zigzag(newest)
        if let pastOccurrence {
            if !weeks.isEmpty { writer.varint(UInt64(newest - pastOccurrence)) }
            past.encodeCompact(into: &writer)
            pastVisitors.encode(into: &writer, of: pastOccurrence)
        }
        for week in weeks {
            if week.occurrence != newest { writer.varint(UInt64(newest - week.occurrence)) }
            week.encode(into: &writer)
        }
        if let told { writer.integer(told) }
    }

    /// Reads which five minutes since 1970 are meant, and refuses what no time lies in.
    static func readEarlier(
        than newest: Int64, from reader: inout ByteReader
    ) throws(CodecError) -> Int64 {
        let distance = try reader.varint()
        guard distance <= 2 * UInt64(WeekBin.farthest),
            newest - Int64(distance) >= -WeekBin.farthest
        else { throw .malformed("a week beyond all time") }
        return newest - Int64(distance)
    }
}
