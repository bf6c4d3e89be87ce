/// The reading of `maxspeed` values.
enum SpeedLimit: Equatable {
    /// A limit in km/h, 1 to 255.
    case limit(Int)
    /// The value is known and names no number (`signals`, `sign`, `variable`): the default holds.
    case unspecified
    /// Not a value of the tag.
    case unreadable

    /// What `none` stands for: nobody drives faster on average, and a limit is wanted for costs.
    static let unlimited = 130

    /// Reads `50`, `30 mph`, `none`, `walk`, `DE:urban`, `DE:zone30`, `50;30` (the first).
    init(_ text: String) {
        let value = text.split(separator: ";").first.map { SpeedLimit.trimmed($0) } ?? ""
        switch value.lowercased() {
        case "": self = .unreadable
        case "none", "unlimited": self = .limit(SpeedLimit.unlimited)
        case "walk", "walking": self = .limit(7)
        case "sign", "signals", "signed", "variable", "implicit", "unposted", "default":
            self = .unspecified
        case let value:
            if let colon = value.firstIndex(of: ":"), value[..<colon].allSatisfy(\.isLetter) {
                self = SpeedLimit(
                    zone: value[value.index(after: colon)...], country: value[..<colon])
            } else {
                self = SpeedLimit(number: value[...])
            }
        }
    }

    /// What a country's rule stands for.
    ///
    /// Only what differs from the usual 50, 90, 130 is listed.
    private init(zone: Substring, country: Substring) {
        switch zone {
        case "urban": self = .limit(country == "uk" || country == "gb" ? 48 : 50)
        case "rural":
            switch country {
            case "de", "at": self = .limit(100)
            case "fr", "ch", "dk", "nl", "se", "no": self = .limit(80)
            case "uk", "gb": self = .limit(97)
            default: self = .limit(90)
            }
        case "motorway":
            switch country {
            case "be", "ch", "fi", "es", "pt": self = .limit(120)
            case "uk", "gb", "se", "no": self = .limit(110)
            default: self = .limit(SpeedLimit.unlimited)
            }
        case "trunk": self = .limit(100)
        case "living_street", "walk": self = .limit(7)
        case "zone": self = .limit(30)
        case "bicycle_road": self = .limit(30)
        default:
            let number = zone.drop { !$0.isNumber }
            self = number.isEmpty ? .unreadable : SpeedLimit(number: number)
        }
    }

    private init(number value: Substring) {
        let digits = value.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let number = Double(digits), number > 0, number <= 1_000 else {
            self = .unreadable
            return
        }
        let factor: Double
        switch SpeedLimit.trimmed(value[digits.endIndex...]) {
        case "", "km/h", "kmh", "kph", "kmph": factor = 1
        case "mph": factor = 1.609344
        case "knots": factor = 1.852
        default:
            self = .unreadable
            return
        }
        self = .limit(max(1, min(255, Int((number * factor).rounded()))))
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
