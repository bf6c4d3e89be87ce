/// InfluxDB's line protocol: `measurement,tag=value field=1,other=2i 1700000000000000000`.
///
/// A number, or a truth value as 0 or 1, becomes a sample of the series `measurement_field` with
/// the tags as labels; a field called `value` bears the measurement's name alone. Text is passed
/// over. Names become those of Prometheus.
public enum LineProtocol {
    /// The unit of a line's time.
    public enum Precision: String, Sendable {
        /// Billionths of a second, the protocol's default.
        case nanoseconds = "ns"
        /// Millionths of a second.
        case microseconds = "us"
        /// Thousandths of a second.
        case milliseconds = "ms"
        /// Whole seconds.
        case seconds = "s"

        func milliseconds(_ time: Int64) -> Int64? {
            switch self {
            case .nanoseconds: return time / 1_000_000
            case .microseconds: return time / 1_000
            case .milliseconds: return time
            case .seconds:
                let (product, overflow) = time.multipliedReportingOverflow(by: 1_000)
                return overflow ? nil : product
            }
        }
    }

    /// Reads a body.
    ///
    /// - Parameters:
    ///   - body: lines of UTF-8.
    ///   - precision: the unit of the times.
    ///   - now: the time in milliseconds of lines that have none.
    public static func read(
        _ body: [UInt8], precision: Precision = .nanoseconds, now: Int64,
        limits: WireLimits = WireLimits()
    ) throws(WireError) -> WireBatch {
        var batch = WireBatch()
        var places: [Labels: Int] = [:]
        var number = 0
        var count = 0
        for line in body.split(separator: 10, omittingEmptySubsequences: false) {
            number += 1
            guard line.count <= limits.lineLength else {
                throw .lineTooLong(line: number, limit: limits.lineLength)
            }
            var reader = PointReader(line, number: number)
            guard let point = try reader.read(limits) else { continue }
            guard let time = point.time.map({ precision.milliseconds($0) }) ?? now else {
                batch.reject(.invalidTime, count: point.fields.count)
                continue
            }
            for (field, value) in point.fields {
                guard let value else {
                    batch.reject(.notANumber)
                    continue
                }
                count += 1
                guard count <= limits.samples else {
                    throw .tooManySamples(limit: limits.samples)
                }
                let name =
                    field == "value" ? point.measurement : "\(point.measurement)_\(field)"
                let labels = Labels(
                    point.tags + [Label(Labels.metricName, OTLPNames.label(name))])
                if let place = places[labels] {
                    batch.series[place].samples.append(Sample(time, value))
                } else {
                    places[labels] = batch.series.count
                    batch.series.append(
                        WireSeries(labels: labels, samples: [Sample(time, value)]))
                }
            }
        }
        return batch
    }
}

/// Reads one line.
private struct PointReader {
    struct Point {
        var measurement: String
        var tags: [Label]
        var fields: [(String, Double?)]
        var time: Int64?
    }

    private let bytes: ArraySlice<UInt8>
    private let number: Int
    private var position: Int

    init(_ line: ArraySlice<UInt8>, number: Int) {
        bytes = line.last == 13 ? line.dropLast() : line
        self.number = number
        position = line.startIndex
    }

    private func failure(_ reason: String) -> WireError {
        .malformedLine(line: number, reason: reason)
    }

    private var next: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

    private mutating func skipBlanks() {
        while next == 32 || next == 9 { position += 1 }
    }

    /// The text up to one of the given bytes; a backslash lets them stand in the text.
    private mutating func text(until stops: [UInt8]) throws(WireError) -> String {
        var output: [UInt8] = []
        while let byte = next, !stops.contains(byte) {
            position += 1
            if byte == 92, let escaped = next, [32, 44, 61, 92, 34].contains(escaped) {
                output.append(escaped)
                position += 1
            } else {
                output.append(byte)
            }
        }
        guard let text = String(validating: output, as: UTF8.self) else {
            throw failure("not UTF-8")
        }
        return text
    }

    mutating func read(_ limits: WireLimits) throws(WireError) -> Point? {
        skipBlanks()
        guard let first = next, first != 35 else { return nil }
        let measurement = try text(until: [44, 32])
        guard !measurement.isEmpty else { throw failure("expected a measurement") }
        var tags: [Label] = []
        while next == 44 {
            position += 1
            let key = try text(until: [61, 44, 32])
            guard next == 61, !key.isEmpty else { throw failure("expected `=` behind a tag") }
            position += 1
            tags.append(Label(OTLPNames.label(key), try text(until: [44, 32])))
            guard tags.count <= limits.labels else { throw failure("too many tags") }
        }
        skipBlanks()
        var fields: [(String, Double?)] = []
        repeat {
            if !fields.isEmpty { position += 1 }
            let key = try text(until: [61, 44, 32])
            guard next == 61, !key.isEmpty else { throw failure("expected `=` behind a field") }
            position += 1
            fields.append((key, try value()))
            guard fields.count <= limits.labels else { throw failure("too many fields") }
        } while next == 44
        skipBlanks()
        var time: Int64?
        if next != nil {
            guard let stamp = Int64(try text(until: [32])) else {
                throw failure("the time is not a whole number")
            }
            time = stamp
        }
        skipBlanks()
        guard next == nil else { throw failure("unexpected text behind the time") }
        return Point(measurement: measurement, tags: tags, fields: fields, time: time)
    }

    /// A field's value; `nil` for text.
    private mutating func value() throws(WireError) -> Double? {
        if next == 34 {
            position += 1
            while let byte = next, byte != 34 { position += byte == 92 ? 2 : 1 }
            guard next == 34 else { throw failure("a text is not closed") }
            position += 1
            return nil
        }
        let text = try text(until: [44, 32])
        switch text {
        case "t", "T", "true", "True", "TRUE": return 1
        case "f", "F", "false", "False", "FALSE": return 0
        default: break
        }
        if text.hasSuffix("i"), let integer = Int64(text.dropLast()) { return Double(integer) }
        if text.hasSuffix("u"), let integer = UInt64(text.dropLast()) { return Double(integer) }
        let isNumeric = text.utf8.allSatisfy {
            (48...57).contains($0) || [43, 45, 46, 69, 101].contains($0)
        }
        guard isNumeric, let number = PromQLText.parseDecimal(text) else {
            throw failure("a field is neither number, text nor truth value")
        }
        return number
    }
}
