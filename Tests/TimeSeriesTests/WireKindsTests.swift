import Compression
import Foundation
import Records
import SwiftProtobuf
import Testing

@testable import TimeSeries

@Suite("Kinds of points over the wire")
struct WireKindsTests {
    static func request(
        _ metrics: [Millrace_Otlp_Metric]
    ) -> Millrace_Otlp_ExportMetricsServiceRequest {
        var scope = Millrace_Otlp_ScopeMetrics()
        scope.metrics = metrics
        var resource = Millrace_Otlp_ResourceMetrics()
        resource.scopeMetrics = [scope]
        var request = Millrace_Otlp_ExportMetricsServiceRequest()
        request.resourceMetrics = [resource]
        return request
    }

    static func texts(_ batch: WireBatch) -> [String] {
        batch.series.map { series in
            let sample = series.samples[0]
            return "\(series.labels) \(PromQLText.number(sample.value)) @ \(sample.timestamp)"
        }
    }

    @Test("OTLP gauges have their value, whole or not, and end where there is none")
    func gauge() throws {
        var metric = Millrace_Otlp_Metric()
        metric.name = "queue.depth"
        var points: [Millrace_Otlp_NumberDataPoint] = []
        for (index, shard) in ["a", "b", "c"].enumerated() {
            var point = Millrace_Otlp_NumberDataPoint()
            point.timeUnixNano = UInt64(index + 1) * 1_000_000
            point.startTimeUnixNano = 5_000_000
            var attribute = Millrace_Otlp_KeyValue()
            attribute.key = "shard"
            attribute.value.stringValue = shard
            point.attributes = [attribute]
            points.append(point)
        }
        points[0].asInt = -3
        points[1].asDouble = 2.5
        points[2].flags = 1
        metric.gauge.dataPoints = points
        let batch = try OTLPMetrics.read(try Self.request([metric]).serializedBytes())
        #expect(
            Self.texts(batch).prefix(2) == [
                "queue_depth{shard=\"a\"} -3 @ 1", "queue_depth{shard=\"b\"} 2.5 @ 2",
            ])
        let ended = try #require(batch.series.last?.samples.first)
        #expect(StaleMarker.isStale(ended.value))
        // Only a counter has a beginning.
        #expect(batch.series.allSatisfy { $0.created == nil })
        #expect(batch.metadata.map(\.type) == [.gauge])
    }

    @Test("OTLP's cumulative sums are counters with a beginning, or gauges")
    func sum() throws {
        var point = Millrace_Otlp_NumberDataPoint()
        point.timeUnixNano = 9_000_000
        point.startTimeUnixNano = 4_000_000
        point.asInt = 7
        var counter = Millrace_Otlp_Metric()
        counter.name = "requests"
        counter.sum.isMonotonic = true
        counter.sum.aggregationTemporality = .cumulative
        counter.sum.dataPoints = [point]
        var level = counter
        level.name = "connections"
        level.sum.isMonotonic = false
        let batch = try OTLPMetrics.read(try Self.request([counter, level]).serializedBytes())
        #expect(Self.texts(batch) == ["requests_total 7 @ 9", "connections 7 @ 9"])
        #expect(batch.series.map(\.created) == [4, nil])
        #expect(batch.metadata.map(\.type) == [.counter, .gauge])
        #expect(batch.rejections.isEmpty)
    }

    @Test("OTLP's summaries have quantiles, a count and a sum")
    func summary() throws {
        var metric = Millrace_Otlp_Metric()
        metric.name = "latency"
        metric.unit = "s"
        var point = Millrace_Otlp_SummaryDataPoint()
        point.timeUnixNano = 2_000_000
        point.count = 10
        point.sum = 12.5
        for (share, value) in [(0.5, 1.0), (0.99, 4.0)] {
            var quantile = Millrace_Otlp_SummaryDataPoint.ValueAtQuantile()
            quantile.quantile = share
            quantile.value = value
            point.quantileValues.append(quantile)
        }
        metric.summary.dataPoints = [point]
        let batch = try OTLPMetrics.read(try Self.request([metric]).serializedBytes())
        #expect(
            Self.texts(batch) == [
                "latency_seconds{quantile=\"0.5\"} 1 @ 2",
                "latency_seconds{quantile=\"0.99\"} 4 @ 2",
                "latency_seconds_count 10 @ 2", "latency_seconds_sum 12.5 @ 2",
            ])
        #expect(batch.metadata.map(\.type) == [.summary])
    }

    @Test("OTLP's exponential histograms are passed over and counted")
    func exponentialHistogram() throws {
        var metric = Millrace_Otlp_Metric()
        metric.name = "sizes"
        metric.exponentialHistogram.dataPoints = [
            Millrace_Otlp_ExponentialHistogramDataPoint(),
            Millrace_Otlp_ExponentialHistogramDataPoint(),
        ]
        let batch = try OTLPMetrics.read(try Self.request([metric]).serializedBytes())
        #expect(batch.series.isEmpty && batch.rejections == [.nativeHistogram: 2])
    }

    @Test("exemplars of remote write 1.0 and 2.0 come with their series")
    func exemplars() throws {
        let wanted = [
            Exemplar(labels: Labels(["trace": "t1"]), value: 0.5, timestamp: 11)
        ]
        var name = Millrace_Remotewrite_V1_Label()
        name.name = "__name__"
        name.value = "up"
        var trace = Millrace_Remotewrite_V1_Label()
        trace.name = "trace"
        trace.value = "t1"
        var first = Millrace_Remotewrite_V1_Exemplar()
        first.labels = [trace]
        first.value = 0.5
        first.timestamp = 11
        var sample = Millrace_Remotewrite_V1_Sample()
        sample.value = 1
        sample.timestamp = 12
        var series = Millrace_Remotewrite_V1_TimeSeries()
        series.labels = [name]
        series.samples = [sample]
        series.exemplars = [first]
        var old = Millrace_Remotewrite_V1_WriteRequest()
        old.timeseries = [series]
        let body = try Codec.snappy.compress(try old.serializedBytes() as [UInt8])
        #expect(try RemoteWrite.read(body, version: .v1).series[0].exemplars == wanted)

        var new = WireTests.remoteWriteV2Request()
        new.symbols += ["trace", "t1"]
        var second = Millrace_Remotewrite_V2_Exemplar()
        second.labelsRefs = [6, 7]
        second.value = 0.5
        second.timestamp = 11
        new.timeseries[0].exemplars = [second]
        let newBody = try Codec.snappy.compress(try new.serializedBytes() as [UInt8])
        #expect(try RemoteWrite.read(newBody, version: .v2).series[0].exemplars == wanted)
        new.timeseries[0].exemplars[0].labelsRefs = [6, 99]
        let broken = try Codec.snappy.compress(try new.serializedBytes() as [UInt8])
        #expect(throws: WireError.self) { try RemoteWrite.read(broken, version: .v2) }
    }
}
