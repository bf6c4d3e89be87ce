internal import Records

/// A part of a date in UTC, as the date functions yield it.
struct DatePart {
    private let name: String

    /// The seconds from the 1st of January of the year -292277022399 to 1970.
    private static let zero: UInt64 = 9_223_371_966_579_724_800 + 62_135_596_800

    init(_ name: String) {
        self.name = name
    }

    /// A number as whole seconds; what fits no integer becomes its least, as in Go on x86.
    static func seconds(_ value: Double) -> Int64 {
        Int64(exactly: value.rounded(.towardZero)) ?? .min
    }

    /// The part at a time in seconds since 1970.
    func value(at seconds: Int64) -> Double {
        // Every time an integer holds has its date. As in Go, days count from a year so far back
        // that only the very least integers wrap around.
        let (count, rest) = (UInt64(bitPattern: seconds) &+ DatePart.zero)
            .quotientAndRemainder(dividingBy: 86_400)
        let (days, time) = (Int64(count) - Int64(DatePart.zero / 86_400), Int64(rest))
        let date = CivilDate(daysSince1970: days)
        switch name {
        case "minute": return Double(time / 60 % 60)
        case "hour": return Double(time / 3_600)
        case "day_of_week": return Double((days + 4).quotientAndFlooredRemainder(7).1)
        case "day_of_month": return Double(date.day)
        case "day_of_year":
            let first = CivilDate(year: date.year, month: 1, day: 1).daysSince1970
            return Double(days - first + 1)
        case "days_in_month":
            let next =
                date.month == 12
                ? CivilDate(year: date.year + 1, month: 1, day: 1)
                : CivilDate(year: date.year, month: date.month + 1, day: 1)
            let first = CivilDate(year: date.year, month: date.month, day: 1)
            return Double(next.daysSince1970 - first.daysSince1970)
        case "month": return Double(date.month)
        default: return Double(date.year)
        }
    }
}
