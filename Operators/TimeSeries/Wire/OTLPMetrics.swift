internal import Foundation
internal import SwiftProtobuf

/// OpenTelemetry's metrics, as Prometheus takes them: cumulative sums, gauges, histograms with
/// explicit bounds and summaries become series.
///
/// Names become those of Prometheus: what is no letter, digit or colon becomes `_`, the unit is
/// appended, and `_total` to monotonic sums. `service.name` with its namespace becomes `job`,
/// `service.instance.id` becomes `instance`, and the resource's other attributes the labels of
/// `target_info`.
public enum OTLPMetrics {
    /// How deep an attribute's value may nest before it is cut off.
    static let nestingLimit = 16

    /// Reads the body of an export, which has been decompressed.
    public static func read(
        _ body: [UInt8], limits: WireLimits = WireLimits()
    ) throws(WireError) -> WireBatch {
        guard body.count <= limits.bodyLength else {
            throw .badMessage("longer than \(limits.bodyLength) bytes")
        }
        let request: Millrace_Otlp_ExportMetricsServiceRequest
        do {
            var options = BinaryDecodingOptions()
            options.messageDepthLimit = 64
            request = try Millrace_Otlp_ExportMetricsServiceRequest(
                serializedBytes: body, options: options)
        } catch {
            throw .badMessage("\(error)")
        }
        var reader = OTLPReader(limits: limits)
        for resource in request.resourceMetrics { try reader.read(resource) }
        return reader.batch
    }
}

/// Collects the series of one export.
private struct OTLPReader {
    let limits: WireLimits
    var batch = WireBatch()
    private var places: [Labels: Int] = [:]
    private var described: Set<String> = []
    private var count = 0

    init(limits: WireLimits) {
        self.limits = limits
    }

    mutating func read(_ resource: Millrace_Otlp_ResourceMetrics) throws(WireError) {
        let (target, rest) = identity(resource.resource.attributes)
        var latest: Int64?
        for metric in resource.scopeMetrics.flatMap(\.metrics) {
            let time = try read(metric, target)
            latest = [latest, time].compactMap { $0 }.max()
        }
        if let latest, !rest.isEmpty, !target.isEmpty {
            try add(
                Labels(target + rest + [Label(Labels.metricName, "target_info")]),
                Sample(latest, 1))
        }
    }

    /// `job` and `instance`, and what else the resource says.
    private func identity(_ attributes: [Millrace_Otlp_KeyValue]) -> ([Label], [Label]) {
        var service = ""
        var namespace = ""
        var target: [Label] = []
        var rest: [Label] = []
        for attribute in attributes {
            let value = text(attribute.value, depth: 0)
            switch attribute.key {
            case "service.name": service = value
            case "service.namespace": namespace = value
            case "service.instance.id": target.append(Label("instance", value))
            default: rest.append(Label(OTLPNames.label(attribute.key), value))
            }
        }
        if !service.isEmpty {
            target.append(Label("job", namespace.isEmpty ? service : "\(namespace)/\(service)"))
        }
        return (target, rest)
    }

    private func text(_ value: Millrace_Otlp_AnyValue, depth: Int) -> String {
        guard depth < OTLPMetrics.nestingLimit else { return "" }
        switch value.value {
        case .stringValue(let text): return text
        case .boolValue(let flag): return flag ? "true" : "false"
        case .intValue(let number): return String(number)
        case .doubleValue(let number): return PromQLText.compactNumber(number)
        case .bytesValue(let data): return data.base64EncodedString()
        case .arrayValue(let array):
            return "[" + array.values.map { text($0, depth: depth + 1) }.joined(separator: ",")
                + "]"
        case .kvlistValue(let list):
            return "{"
                + list.values.map { "\($0.key):\(text($0.value, depth: depth + 1))" }
                .joined(separator: ",") + "}"
        case nil: return ""
        }
    }

    /// Reads a metric and returns the time of its newest point.
    private mutating func read(
        _ metric: Millrace_Otlp_Metric, _ target: [Label]
    ) throws(WireError) -> Int64? {
        var latest: Int64?
        func note(_ time: Int64?) { latest = [latest, time].compactMap { $0 }.max() }
        switch metric.data {
        case .gauge(let gauge):
            let name = describe(metric, .gauge)
            for point in gauge.dataPoints { note(try number(point, name, target, false)) }
        case .sum(let sum):
            guard sum.aggregationTemporality == .cumulative else {
                batch.reject(.deltaTemporality, count: sum.dataPoints.count)
                return nil
            }
            let name = describe(metric, sum.isMonotonic ? .counter : .gauge)
            for point in sum.dataPoints {
                note(try number(point, name, target, sum.isMonotonic))
            }
        case .histogram(let histogram):
            guard histogram.aggregationTemporality == .cumulative else {
                batch.reject(.deltaTemporality, count: histogram.dataPoints.count)
                return nil
            }
            let name = describe(metric, .histogram)
            for point in histogram.dataPoints { note(try buckets(point, name, target)) }
        case .summary(let summary):
            let name = describe(metric, .summary)
            for point in summary.dataPoints { note(try quantiles(point, name, target)) }
        case .exponentialHistogram(let histogram):
            batch.reject(.nativeHistogram, count: histogram.dataPoints.count)
        case nil: break
        }
        return latest
    }

    /// The metric's name in Prometheus; its description is kept once.
    private mutating func describe(_ metric: Millrace_Otlp_Metric, _ type: MetricType) -> String {
        let name = OTLPNames.metric(metric.name, unit: metric.unit, type: type)
        if described.insert(name).inserted {
            batch.metadata.append(
                MetricMetadata(
                    family: name, type: type, help: metric.description_p,
                    unit: OTLPNames.unit(metric.unit)))
        }
        return name
    }

    private mutating func add(
        _ labels: Labels, _ sample: Sample, created: UInt64 = 0
    ) throws(WireError) {
        count += 1
        guard count <= limits.samples else { throw .tooManySamples(limit: limits.samples) }
        guard labels.count <= limits.labels, !labels.name.isEmpty else {
            batch.reject(.invalidLabels)
            return
        }
        if let place = places[labels] {
            batch.series[place].samples.append(sample)
            return
        }
        places[labels] = batch.series.count
        batch.series.append(
            WireSeries(
                labels: labels, samples: [sample],
                created: created == 0 ? nil : Int64(created / 1_000_000)))
    }

    private func labels(
        _ attributes: [Millrace_Otlp_KeyValue], _ name: String, _ target: [Label],
        _ more: [Label] = []
    ) -> Labels {
        let own = attributes.map {
            Label(OTLPNames.label($0.key), text($0.value, depth: 0))
        }
        return Labels(own + target + more + [Label(Labels.metricName, name)])
    }

    /// A point without a value ends its series.
    private static func value(_ value: Double, _ flags: UInt32) -> Double {
        flags & 1 == 1 ? StaleMarker.value : value
    }

    private mutating func time(_ nanoseconds: UInt64) -> Int64 {
        Int64(nanoseconds / 1_000_000)
    }

    private mutating func number(
        _ point: Millrace_Otlp_NumberDataPoint, _ name: String, _ target: [Label],
        _ isCounter: Bool
    ) throws(WireError) -> Int64 {
        let time = time(point.timeUnixNano)
        let number: Double =
            switch point.value {
            case .asDouble(let value): value
            case .asInt(let value): Double(value)
            case nil: 0
            }
        try add(
            labels(point.attributes, name, target),
            Sample(time, OTLPReader.value(number, point.flags)),
            created: isCounter ? point.startTimeUnixNano : 0)
        return time
    }

    private mutating func buckets(
        _ point: Millrace_Otlp_HistogramDataPoint, _ name: String, _ target: [Label]
    ) throws(WireError) -> Int64 {
        let time = time(point.timeUnixNano)
        guard
            point.bucketCounts.isEmpty
                || point.bucketCounts.count == point.explicitBounds.count + 1
        else { throw .badMessage("a histogram's counts don't fit its bounds") }
        let start = point.startTimeUnixNano
        func sample(_ value: Double) -> Sample {
            Sample(time, OTLPReader.value(value, point.flags))
        }
        var seen: UInt64 = 0
        for (bound, bucket) in zip(point.explicitBounds, point.bucketCounts) {
            seen = seen &+ bucket
            let label = Label(Labels.bucketBound, PromQLText.compactNumber(bound))
            try add(
                labels(point.attributes, name + "_bucket", target, [label]),
                sample(Double(seen)), created: start)
        }
        let last = Label(Labels.bucketBound, "+Inf")
        try add(
            labels(point.attributes, name + "_bucket", target, [last]),
            sample(Double(point.count)), created: start)
        try add(
            labels(point.attributes, name + "_count", target), sample(Double(point.count)),
            created: start)
        if point.hasSum {
            try add(
                labels(point.attributes, name + "_sum", target), sample(point.sum),
                created: start)
        }
        return time
    }

    private mutating func quantiles(
        _ point: Millrace_Otlp_SummaryDataPoint, _ name: String, _ target: [Label]
    ) throws(WireError) -> Int64 {
        let time = time(point.timeUnixNano)
        let start = point.startTimeUnixNano
        for quantile in point.quantileValues {
            let label = Label("quantile", PromQLText.compactNumber(quantile.quantile))
            try add(
                labels(point.attributes, name, target, [label]),
                Sample(time, OTLPReader.value(quantile.value, point.flags)), created: start)
        }
        try add(
            labels(point.attributes, name + "_count", target),
            Sample(time, OTLPReader.value(Double(point.count), point.flags)), created: start)
        try add(
            labels(point.attributes, name + "_sum", target),
            Sample(time, OTLPReader.value(point.sum, point.flags)), created: start)
        return time
    }
}
