internal import Records

/// Times as people give them to a query.
public enum PromQLTime {
    /// ISO 8601 in UTC with milliseconds.
    public static func text(_ milliseconds: Int64) -> String {
        "\(EventTime(milliseconds: milliseconds))"
    }

    /// Reads the distance of steps, `1m30s` or seconds such as `15` and `0.5`; milliseconds, at
    /// least 1.
    public static func step(_ text: String) -> Int64? {
        let width: Int64?
        if let seconds = PromQLText.parseDecimal(text) {
            let scaled = (seconds * 1_000).rounded(.toNearestOrAwayFromZero)
            width = scaled.magnitude < 9e15 ? Int64(scaled) : nil
        } else {
            width = PromQLText.parseDuration(text)
        }
        return width.flatMap { $0 > 0 ? $0 : nil }
    }

    /// Reads seconds since 1970, perhaps with a fraction, or `2024-05-01T12:00:00Z` with or without
    /// a fraction; milliseconds.
    public static func parse(_ text: String) -> Int64? {
        if let seconds = PromQLText.parseDecimal(text) {
            let scaled = (seconds * 1_000).rounded(.toNearestOrAwayFromZero)
            return scaled.magnitude < 9e15 ? Int64(scaled) : nil
        }
        let halves = text.split(separator: "T")
        guard halves.count == 2, halves[1].hasSuffix("Z") else { return nil }
        let date = halves[0].split(separator: "-").compactMap { Int64($0) }
        let clock = halves[1].dropLast().split(separator: ":")
        guard date.count == 3, clock.count == 3, (1...9_999).contains(date[0]),
            (1...12).contains(date[1]), (1...31).contains(date[2]), let hour = Int64(clock[0]),
            let minute = Int64(clock[1]), let second = PromQLText.parseDecimal(String(clock[2])),
            (0...23).contains(hour), (0...59).contains(minute), second >= 0, second < 61
        else { return nil }
        let days = CivilDate(year: date[0], month: date[1], day: date[2]).daysSince1970
        let whole = ((days * 24 + hour) * 60 + minute) * 60_000
        return whole + Int64((second * 1_000).rounded())
    }
}
