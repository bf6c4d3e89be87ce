public import Records

/// What the pipeline remembers of a segment in a bin of the week: the last two weeks as they are, those before them
/// faded into one sum, and what of it was told.
///
/// Nothing fades in place: a week that is taken back altogether leaves what was known before it, and a passage that
/// comes a week late counts for as much as if it had come in time. So what is known follows from the passages that
/// stand, in whatever order they came, as long as none comes when two later weeks are known; such a one is left out.
public struct ProfileState: BinaryCodable, Sendable {
    /// How many weeks are kept apart, so that they can be corrected.
    static let openWeeks = 2
    /// After so many weeks nothing more fades.
    private static let mostFading: Int64 = 64

    /// What was said of the bin.
    struct Told: Hashable, Sendable, BinaryCodable {
        /// The newest week in it.
        var occurrence: Int64
        var sum: ProfileSum

        init(occurrence: Int64, sum: ProfileSum) {
            self.occurrence = occurrence
            self.sum = sum
        }

        init(from reader: inout ByteReader) throws(CodecError) {
            occurrence = try WeekBin.readOccurrence(&reader)
            sum = try ProfileSum(from: &reader)
        }

        func encode(into writer: inout ByteWriter) {
            writer.integer(occurrence)
            sum.encode(into: &writer)
        }
    }

    /// The last weeks with passages, in their order.
    private var weeks: [ProfileWeek] = []
    /// The weeks before, as they count in the last of them.
    private var past = ProfileSum()
    private var pastOccurrence: Int64?
    private var pastVisitors = ProfileVisitors()
    /// The row that stands; nil: none does.
    var told: Told?

    /// Knows of nothing.
    init() {}

    /// Raised with the form of the bytes.
    public static var codecVersion: UInt32 { 3 }

    /// The five minutes since 1970 of the newest passage that stands; nil before the first.
    var newest: Int64? { weeks.last?.occurrence ?? pastOccurrence }

    /// All that is known, as it counts in the newest week.
    func sum(decay: Double) -> ProfileSum {
        var (sum, occurrence) = (past, pastOccurrence)
        for week in weeks { ProfileState.merge(week, into: &sum, of: &occurrence, decay) }
        return sum
    }

    /// How many distinct vehicles have passed in the weeks that are remembered; of more than are kept, so many.
    var vehicles: Int {
        guard let newest else { return 0 }
        let oldest = ProfileVisitors.oldest(at: newest)
        var hashes = Set(pastVisitors.hashes(since: oldest))
        for week in weeks where week.occurrence >= oldest { hashes.formUnion(week.hashes) }
        return hashes.count
    }

    /// Takes a passage in, or takes it back.
    ///
    /// - Parameters:
    ///   - decay: what a week counts for in the next.
    ///   - bound: how many vehicles of a week are kept apart.
    /// - Returns: whether it counts; what comes when two later weeks are known doesn't.
    @discardableResult
    mutating func add(_ passage: SegmentTraversal, decay: Double, keeping bound: Int) -> Bool {
        let occurrence = WeekBin.occurrence(of: passage.leftAt)
        if let pastOccurrence, occurrence <= pastOccurrence { return false }
        let place = weeks.firstIndex { $0.occurrence >= occurrence } ?? weeks.count
        if place == weeks.count || weeks[place].occurrence != occurrence {
            weeks.insert(ProfileWeek(occurrence: occurrence), at: place)
        }
        weeks[place].add(passage, keeping: bound)
        if weeks[place].isEmpty { weeks.remove(at: place) }
        if weeks.count > ProfileState.openWeeks {
            let oldest = weeks.removeFirst()
            ProfileState.merge(oldest, into: &past, of: &pastOccurrence, decay)
            pastVisitors.merge(oldest, keeping: bound)
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

    /// Reads a state.
    public init(from reader: inout ByteReader) throws(CodecError) {
        weeks = try [ProfileWeek](from: &reader)
        past = try ProfileSum(from: &reader)
        if try Bool(from: &reader) { pastOccurrence = try WeekBin.readOccurrence(&reader) }
        pastVisitors = try ProfileVisitors(from: &reader)
        told = try Told?(from: &reader)
        let occurrences = (pastOccurrence.map { [$0] } ?? []) + weeks.map(\.occurrence)
        guard weeks.count <= ProfileState.openWeeks,
            zip(occurrences, occurrences.dropFirst()).allSatisfy({ $0 < $1 })
        else { throw .malformed("weeks out of order, or too many") }
    }

    /// Writes the state.
    public func encode(into writer: inout ByteWriter) {
        weeks.encode(into: &writer)
        past.encode(into: &writer)
        (pastOccurrence != nil).encode(into: &writer)
        if let pastOccurrence { writer.integer(pastOccurrence) }
        pastVisitors.encode(into: &writer)
        told.encode(into: &writer)
    }
}
