/// How OpenTelemetry's names become those of Prometheus.
enum OTLPNames {
    private static let units: [String: String] = [
        "d": "days", "h": "hours", "min": "minutes", "s": "seconds", "ms": "milliseconds",
        "us": "microseconds", "ns": "nanoseconds", "By": "bytes", "KiBy": "kibibytes",
        "MiBy": "mebibytes", "GiBy": "gibibytes", "TiBy": "tibibytes", "KBy": "kilobytes",
        "MBy": "megabytes", "GBy": "gigabytes", "TBy": "terabytes", "m": "meters", "V": "volts",
        "A": "amperes", "J": "joules", "W": "watts", "g": "grams", "Cel": "celsius",
        "Hz": "hertz", "%": "percent",
    ]
    private static let rates: [String: String] = [
        "s": "second", "m": "minute", "min": "minute", "h": "hour", "d": "day", "w": "week",
        "mo": "month", "y": "year",
    ]

    /// The unit as Prometheus spells it, or empty.
    static func unit(_ unit: String) -> String {
        // A part in braces is a remark, not a unit.
        let parts = unit.split(separator: "/", maxSplits: 1).map(String.init)
        func spelled(_ text: String, _ table: [String: String]) -> String {
            if text.contains("{") || text.contains("}") || text == "1" { return "" }
            return cleaned(table[text] ?? text)
        }
        guard let first = parts.first else { return "" }
        let main = spelled(first, units)
        guard parts.count == 2 else { return main }
        let rate = spelled(parts[1], rates)
        if rate.isEmpty { return main }
        return main.isEmpty ? "per_\(rate)" : "\(main)_per_\(rate)"
    }

    /// The metric's name with its unit and, for a counter, `_total`.
    static func metric(_ name: String, unit: String, type: MetricType) -> String {
        var words = cleaned(name).split(separator: "_").map(String.init)
        let suffix = self.unit(unit).split(separator: "_").map(String.init)
        if type == .counter { words.removeAll { $0 == "total" } }
        if !suffix.isEmpty, words.suffix(suffix.count) != suffix[...] { words += suffix }
        if type == .counter { words.append("total") }
        if type == .gauge, unit == "1", words.last != "ratio" { words.append("ratio") }
        let result = words.joined(separator: "_")
        return result.first?.isNumber == true ? "_" + result : result
    }

    /// A label's name.
    static func label(_ name: String) -> String {
        let result = cleaned(name)
        return result.first?.isNumber == true ? "key_" + result : result
    }

    private static func cleaned(_ text: String) -> String {
        String(
            text.unicodeScalars.map { scalar in
                scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9") ~= scalar)
                    ? Character(scalar) : "_"
            })
    }
}
