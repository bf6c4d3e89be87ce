extension EventTime {
    /// From this magnitude on a number counts milliseconds, below it seconds: 10¹¹ seconds are the
    /// year 5138, 10¹¹ milliseconds are March 1973.
    public static let unixMillisecondsFrom = 1e11

    /// The time of a number of Unix seconds or milliseconds, told apart by its magnitude.
    ///
    /// Below ``unixMillisecondsFrom`` the number is seconds, with or without a fraction; from there on it is
    /// milliseconds. Rounded to the millisecond; nil for a number that isn't finite or is beyond 2⁶²
    /// milliseconds.
    @inlinable
    public init?(unixTime number: Double) {
        let milliseconds =
            number.magnitude < EventTime.unixMillisecondsFrom
            ? (number * 1_000).rounded() : number.rounded()
        guard milliseconds.magnitude < 0x1p62 else { return nil }
        self.init(milliseconds: Int64(milliseconds))
    }

    /// The time of an ISO 8601 text as RFC 3339 profiles it: `2026-11-22T18:05:09.250+01:00`.
    ///
    /// Date, time and zone are required. `T` may be a space; the fraction may have any number of
    /// digits, of which three count; the zone may be `Z`, `±hh`, `±hhmm` or `±hh:mm`; second 60 is the
    /// first one of the next minute. Nil for anything else.
    public init?(iso8601 text: UnsafeRawBufferPointer) {
        var digits = DigitReader(bytes: text)
        guard let year = digits.number(4), digits.takes("-"), let month = digits.number(2),
            digits.takes("-"), let day = digits.number(2),
            digits.takes("T") || digits.takes("t") || digits.takes(" "),
            let hour = digits.number(2), digits.takes(":"), let minute = digits.number(2),
            digits.takes(":"), let second = digits.number(2),
            let fraction = digits.milliseconds(), let zone = digits.zoneMinutes(),
            digits.isAtEnd
        else { return nil }
        guard (1...12).contains(month), day >= 1, hour < 24, minute < 60, second <= 60 else {
            return nil
        }
        let date = CivilDate(year: year, month: month, day: day)
        let days = date.daysSince1970
        // The inverse shows days that the month doesn't have.
        guard CivilDate(daysSince1970: days) == date else { return nil }
        let seconds = days * 86_400 + hour * 3_600 + (minute - zone) * 60 + second
        self.init(milliseconds: seconds * 1_000 + fraction)
    }

    /// The time of an ISO 8601 text; see ``init(iso8601:)-(UnsafeRawBufferPointer)``.
    public init?(iso8601 text: String) {
        var text = text
        let time = text.withUTF8 { EventTime(iso8601: UnsafeRawBufferPointer($0)) }
        guard let time else { return nil }
        self = time
    }
}

/// Reads the fields of a date and a time.
private struct DigitReader {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    var isAtEnd: Bool { position == bytes.count }

    mutating func takes(_ mark: Unicode.Scalar) -> Bool {
        guard position < bytes.count, UInt32(bytes[position]) == mark.value else { return false }
        position += 1
        return true
    }

    mutating func digit() -> Int64? {
        guard position < bytes.count else { return nil }
        let value = bytes[position] &- UInt8(ascii: "0")
        guard value < 10 else { return nil }
        position += 1
        return Int64(value)
    }

    mutating func number(_ width: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<width {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// The optional fraction of a second.
    mutating func milliseconds() -> Int64? {
        guard takes(".") || takes(",") else { return 0 }
        guard var value = digit() else { return nil }
        var width = 1
        while let digit = digit() {
            if width < 3 { value = value * 10 + digit }
            width += 1
        }
        while width < 3 {
            value *= 10
            width += 1
        }
        return value
    }

    /// The zone's offset from UTC in minutes.
    mutating func zoneMinutes() -> Int64? {
        if takes("Z") || takes("z") { return 0 }
        let isWest: Bool
        if takes("+") { isWest = false } else if takes("-") { isWest = true } else { return nil }
        guard let hours = number(2) else { return nil }
        var minutes: Int64 = 0
        if takes(":") || !isAtEnd {
            guard let given = number(2) else { return nil }
            minutes = given
        }
        guard hours < 24, minutes < 60 else { return nil }
        return (isWest ? -1 : 1) * (hours * 60 + minutes)
    }
}
