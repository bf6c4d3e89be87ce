internal import Compression
internal import Foundation
internal import SwiftProtobuf

/// Prometheus remote write: a snappy block of Protobuf, in versions 1.0 and 2.0.
public enum RemoteWrite {
    /// The version of the message, by the request's `Content-Type`.
    public enum Version: Sendable {
        /// `application/x-protobuf`, or with `proto=prometheus.WriteRequest`.
        case v1
        /// `application/x-protobuf;proto=io.prometheus.write.v2.Request`.
        case v2

        /// The version that a request's `Content-Type` names; `nil` for another type.
        public init?(contentType: String) {
            let parts = contentType.split(separator: ";").map {
                $0.filter { !$0.isWhitespace }.lowercased()
            }
            guard parts.first == "application/x-protobuf" else { return nil }
            switch parts.dropFirst().first(where: { $0.hasPrefix("proto=") }) {
            case nil, "proto=prometheus.writerequest": self = .v1
            case "proto=io.prometheus.write.v2.request": self = .v2
            default: return nil
            }
        }
    }

    /// Reads a request's body.
    public static func read(
        _ body: [UInt8], version: Version, limits: WireLimits = WireLimits()
    ) throws(WireError) -> WireBatch {
        let bytes: [UInt8]
        do {
            bytes = try Codec.snappy.decompress(body, limit: limits.bodyLength)
        } catch {
            throw .badCompression("\(error)")
        }
        switch version {
        case .v1: return try readV1(bytes, limits)
        case .v2: return try readV2(bytes, limits)
        }
    }

    private static func decode<Message: SwiftProtobuf.Message>(
        _ type: Message.Type, _ bytes: [UInt8]
    ) throws(WireError) -> Message {
        do {
            return try Message(serializedBytes: bytes)
        } catch {
            throw .badMessage("\(error)")
        }
    }

    /// Labels as a sender must write them: sorted, each name once, a metric's name among them.
    static func labels(_ labels: [Label], _ limits: WireLimits) -> Labels? {
        guard !labels.isEmpty, labels.count <= limits.labels else { return nil }
        var previous: String?
        for label in labels {
            if label.name.isEmpty { return nil }
            if let previous, !Labels.precedes(previous, label.name) { return nil }
            previous = label.name
        }
        let result = Labels(labels)
        return result.name.isEmpty ? nil : result
    }

    private static func readV1(
        _ bytes: [UInt8], _ limits: WireLimits
    ) throws(WireError) -> WireBatch {
        let request = try decode(Millrace_Remotewrite_V1_WriteRequest.self, bytes)
        var batch = WireBatch()
        var count = 0
        for series in request.timeseries {
            batch.reject(.nativeHistogram, count: series.histograms.count)
            guard let labels = labels(series.labels.map { Label($0.name, $0.value) }, limits)
            else {
                batch.reject(.invalidLabels, count: max(1, series.samples.count))
                continue
            }
            count += series.samples.count
            guard count <= limits.samples else { throw .tooManySamples(limit: limits.samples) }
            let exemplars = series.exemplars.map { exemplar in
                Exemplar(
                    labels: Labels(exemplar.labels.map { Label($0.name, $0.value) }),
                    value: exemplar.value, timestamp: exemplar.timestamp)
            }
            batch.series.append(
                WireSeries(
                    labels: labels,
                    samples: series.samples.map { Sample($0.timestamp, $0.value) },
                    exemplars: exemplars))
        }
        batch.metadata = request.metadata.map {
            MetricMetadata(
                family: $0.metricFamilyName, type: type($0.type.rawValue), help: $0.help,
                unit: $0.unit)
        }
        return batch
    }

    private static func type(_ number: Int) -> MetricType {
        let order: [MetricType] = [
            .unknown, .counter, .gauge, .histogram, .gaugeHistogram, .summary, .info, .stateSet,
        ]
        return order.indices.contains(number) ? order[number] : .unknown
    }

    private static func readV2(
        _ bytes: [UInt8], _ limits: WireLimits
    ) throws(WireError) -> WireBatch {
        let request = try decode(Millrace_Remotewrite_V2_Request.self, bytes)
        guard request.symbols.first ?? "" == "" else {
            throw .badMessage("the first symbol is not empty")
        }
        func symbol(_ reference: UInt32) throws(WireError) -> String {
            guard Int(reference) < request.symbols.count else {
                throw .badMessage("a reference to symbol \(reference) of \(request.symbols.count)")
            }
            return request.symbols[Int(reference)]
        }
        func pairs(_ references: [UInt32]) throws(WireError) -> [Label] {
            guard references.count % 2 == 0 else {
                throw .badMessage("an odd number of label references")
            }
            var labels: [Label] = []
            for index in stride(from: 0, to: references.count, by: 2) {
                labels.append(
                    Label(try symbol(references[index]), try symbol(references[index + 1])))
            }
            return labels
        }
        var batch = WireBatch()
        var count = 0
        var described: Set<String> = []
        for series in request.timeseries {
            batch.reject(.nativeHistogram, count: series.histograms.count)
            guard let labels = labels(try pairs(series.labelsRefs), limits) else {
                batch.reject(.invalidLabels, count: max(1, series.samples.count))
                continue
            }
            count += series.samples.count
            guard count <= limits.samples else { throw .tooManySamples(limit: limits.samples) }
            var exemplars: [Exemplar] = []
            for exemplar in series.exemplars {
                exemplars.append(
                    Exemplar(
                        labels: Labels(try pairs(exemplar.labelsRefs)), value: exemplar.value,
                        timestamp: exemplar.timestamp == 0 ? nil : exemplar.timestamp))
            }
            batch.series.append(
                WireSeries(
                    labels: labels,
                    samples: series.samples.map { Sample($0.timestamp, $0.value) },
                    exemplars: exemplars,
                    created: series.createdTimestamp == 0 ? nil : series.createdTimestamp))
            if series.hasMetadata, described.insert(labels.name).inserted {
                batch.metadata.append(
                    MetricMetadata(
                        family: labels.name, type: type(series.metadata.type.rawValue),
                        help: try symbol(series.metadata.helpRef),
                        unit: try symbol(series.metadata.unitRef)))
            }
        }
        return batch
    }

    /// Writes the body of a request of version 1.0.
    public static func write(_ series: some Sequence<WireSeries>) throws(WireError) -> [UInt8] {
        var request = Millrace_Remotewrite_V1_WriteRequest()
        request.timeseries = series.map { one in
            var message = Millrace_Remotewrite_V1_TimeSeries()
            message.labels = one.labels.map { label in
                var pair = Millrace_Remotewrite_V1_Label()
                pair.name = label.name
                pair.value = label.value
                return pair
            }
            message.samples = one.samples.map { sample in
                var point = Millrace_Remotewrite_V1_Sample()
                point.timestamp = sample.timestamp
                point.value = sample.value
                return point
            }
            return message
        }
        do {
            return try Codec.snappy.compress(try request.serializedBytes() as [UInt8])
        } catch {
            throw .badMessage("\(error)")
        }
    }
}
