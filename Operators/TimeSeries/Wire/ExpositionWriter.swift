/// Writes metrics pages.
public struct ExpositionWriter {
    /// The page's format.
    public let format: ExpositionFormat
    private var output: [UInt8] = []

    /// Starts a page.
    public init(format: ExpositionFormat) {
        self.format = format
    }

    /// The page of families.
    public static func page(
        _ families: some Sequence<MetricFamily>, format: ExpositionFormat
    ) -> [UInt8] {
        var writer = ExpositionWriter(format: format)
        for family in families { writer.write(family) }
        return writer.finished()
    }

    /// Writes a family: its description and its samples.
    public mutating func write(_ family: MetricFamily) {
        let metadata = family.metadata
        let name =
            PromQLText.isLegacyMetricName(metadata.family)
            ? metadata.family : PromQLText.quoted(metadata.family)
        if !metadata.help.isEmpty {
            append("# HELP \(name) \(escaped(metadata.help, quotes: format == .openMetrics))\n")
        }
        append("# TYPE \(name) \(word(metadata.type))\n")
        if !metadata.unit.isEmpty { append("# UNIT \(name) \(metadata.unit)\n") }
        for sample in family.samples { write(sample) }
        guard format == .openMetrics else { return }
        for (labels, time) in family.created.sorted(by: { $0.key < $1.key }) {
            let named = labels.setting(Labels.metricName, metadata.family + "_created")
            write(ExpositionSample(labels: named, value: Double(time) / 1_000))
        }
    }

    private func word(_ type: MetricType) -> String {
        guard format == .text else { return type.rawValue }
        switch type {
        case .counter, .gauge, .histogram, .summary: return type.rawValue
        case .info, .stateSet: return "gauge"
        case .gaugeHistogram, .unknown: return "untyped"
        }
    }

    /// Writes a sample.
    public mutating func write(_ sample: ExpositionSample) {
        write(sample.labels)
        append(" ")
        append(number(sample.value))
        if let time = sample.timestamp {
            append(" ")
            append(format == .text ? String(time) : seconds(time))
        }
        if format == .openMetrics, let exemplar = sample.exemplar {
            append(" # ")
            write(exemplar.labels, alwaysBraces: true)
            append(" ")
            append(number(exemplar.value))
            if let time = exemplar.timestamp { append(" " + seconds(time)) }
        }
        append("\n")
    }

    /// The page, closed as its format asks.
    public mutating func finished() -> [UInt8] {
        if format == .openMetrics { append("# EOF\n") }
        defer { output = [] }
        return output
    }

    private mutating func append(_ text: String) { output.append(contentsOf: text.utf8) }

    private mutating func write(_ labels: Labels, alwaysBraces: Bool = false) {
        let name = labels.name
        let isPlain = PromQLText.isLegacyMetricName(name)
        if isPlain { append(name) }
        var isFirst = true
        func separate(_ writer: inout ExpositionWriter) {
            writer.append(isFirst ? "{" : ",")
            isFirst = false
        }
        if !name.isEmpty, !isPlain {
            separate(&self)
            append("\"\(escaped(name, quotes: true))\"")
        }
        for label in labels where label.name != Labels.metricName {
            separate(&self)
            append(
                PromQLText.isLegacyLabelName(label.name)
                    ? label.name : "\"\(escaped(label.name, quotes: true))\"")
            append("=\"\(escaped(label.value, quotes: true))\"")
        }
        if !isFirst { append("}") } else if alwaysBraces { append("{}") }
    }

    private func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { $0 == 92 || $0 == 10 || $0 == 34 }) else { return text }
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }

    private func number(_ value: Double) -> String {
        let text = PromQLText.compactNumber(value, limit: 21)
        // OpenMetrics wants a point in every value that is no count.
        guard format == .openMetrics, value.isFinite,
            !text.utf8.contains(where: { $0 == 46 || $0 == 101 })
        else { return text }
        return text + ".0"
    }

    private func seconds(_ milliseconds: Int64) -> String {
        let sign = milliseconds < 0 ? "-" : ""
        let rest = String(milliseconds.magnitude % 1_000)
        let padding = String(repeating: "0", count: 3 - rest.count)
        return "\(sign)\(milliseconds.magnitude / 1_000).\(padding)\(rest)"
    }
}
