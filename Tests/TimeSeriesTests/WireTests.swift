import Compression
import Foundation
import Records
import SwiftProtobuf
import Testing

@testable import TimeSeries

@Suite("Wire formats")
struct WireTests {
    static let path = "data/metrics/exposition"

    static func format(_ url: URL) -> ExpositionFormat {
        url.lastPathComponent.contains(".om.") ? .openMetrics : .text
    }

    @Test(
        "real pages parse to the counts in their names and round-trip",
        .enabled(if: SharedFiles.has(path), "no \(path) beside the repository"))
    func pages() throws {
        var counts: [String: (families: Int, samples: Int)] = [:]
        for url in try SharedFiles.files(Self.path, suffix: ".txt") {
            let page = Array(try Data(contentsOf: url))
            let format = Self.format(url)
            let families = try MetricFamily.families(of: page, format: format)
            counts[url.lastPathComponent] = (
                families.count, families.reduce(0) { $0 + $1.samples.count }
            )
            let written = ExpositionWriter.page(families, format: format)
            #expect(try MetricFamily.families(of: written, format: format) == families)
        }
        print(counts.sorted { $0.key < $1.key })
        #expect(counts["node_exporter_e2e-output.txt"]?.families == 1_228)
        #expect(counts["node_exporter_e2e-output.txt"]?.samples == 3_027)
        #expect(counts["alltypes.237mfs.prom.txt"]?.families == 237)
        #expect(counts["alltypes.5mfs.om.txt"]?.families == 5)
        #expect(counts["1histogram.om.txt"]?.families == 1)
        #expect(
            counts["alltypes.237mfs.nometa.prom.txt"]?.samples
                == counts["alltypes.237mfs.prom.txt"]?.samples)
    }

    @Test(
        "a page cut anywhere reads as if it had come whole",
        .enabled(if: SharedFiles.has(path), "no \(path) beside the repository"))
    func streamed() throws {
        for url in try SharedFiles.files(Self.path, suffix: "mfs.om.txt") {
            let page = Array(try Data(contentsOf: url))
            var whole: [ExpositionSample] = []
            for family in try MetricFamily.families(of: page, format: .openMetrics) {
                whole += family.samples
            }
            for size in [1, 7, 100, 4_096] {
                var parser = ExpositionParser(format: .openMetrics)
                var samples: [ExpositionSample] = []
                func take(_ event: ExpositionEvent) {
                    if case .sample(let sample) = event { samples.append(sample) }
                }
                for start in stride(from: 0, to: page.count, by: size) {
                    try page[start..<min(page.count, start + size)].withUnsafeBytes {
                        try parser.read($0) { take($0) }
                    }
                }
                try parser.finish { take($0) }
                #expect(samples == whole)
            }
        }
    }

    static let openMetrics = """
        # TYPE requests counter
        # UNIT requests requests
        # HELP requests All \\"of\\" them.\\nReally.
        requests_total{path="/a\\\\b\\"c\\n",method="GET"} 12.5 1700000000.25 # {trace="x"} 3 1699999999.5
        requests_created{path="/a\\\\b\\"c\\n",method="GET"} 1690000000
        # TYPE "dotted.name" gauge
        {"dotted.name","label.too"="v"} -Inf
        # EOF

        """

    @Test("OpenMetrics' exemplars, times, created lines and quoted names are read")
    func openMetricsDetails() throws {
        let families = try MetricFamily.families(
            of: Array(Self.openMetrics.utf8), format: .openMetrics)
        #expect(families.count == 2)
        let requests = families[0]
        #expect(requests.metadata.type == .counter && requests.metadata.unit == "requests")
        #expect(requests.metadata.help == "All \"of\" them.\nReally.")
        let sample = try #require(requests.samples.first)
        #expect(sample.labels["path"] == "/a\\b\"c\n")
        #expect(sample.value == 12.5 && sample.timestamp == 1_700_000_000_250)
        #expect(
            sample.exemplar
                == Exemplar(
                    labels: Labels(["trace": "x"]), value: 3, timestamp: 1_699_999_999_500))
        #expect(requests.created.values.first == 1_690_000_000_000)
        #expect(families[1].samples[0].labels["label.too"] == "v")
        #expect(families[1].samples[0].labels.name == "dotted.name")
        let written = ExpositionWriter.page(families, format: .openMetrics)
        #expect(try MetricFamily.families(of: written, format: .openMetrics) == families)
    }

    @Test(
        "malformed pages are refused with the line and the reason",
        arguments: [
            ("a 1\nb{x=\"1\" 2\n", "line 2: expected `,` or `}` behind a label"),
            ("a{x=\"1} 2\n", "line 1: a string is not closed"),
            ("a{x=\"1\",x=\"2\"} 2\n", "line 1: a label is given twice"),
            ("a one\n", "line 1: not a number"),
            ("a\n", "line 1: expected a number"),
            ("{} 1\n", "line 1: expected a metric's name"),
            ("# TYPE a meter\n", "line 1: unknown metric type"),
            ("a 1 2 3\n", "line 1: unexpected text behind the sample"),
        ])
    func malformed(page: String, message: String) {
        do {
            _ = try MetricFamily.families(of: Array(page.utf8), format: .text)
            Issue.record("no error for \(page)")
        } catch {
            #expect("\(error)" == message)
        }
    }

    @Test("OpenMetrics without its end is refused")
    func missingEnd() {
        #expect(throws: WireError.missingEnd) {
            try MetricFamily.families(of: Array("a 1\n".utf8), format: .openMetrics)
        }
    }

    @Test("limits on lines and samples hold")
    func limits() {
        var limits = WireLimits()
        limits.lineLength = 20
        limits.samples = 2
        #expect(throws: WireError.lineTooLong(line: 1, limit: 20)) {
            try MetricFamily.families(
                of: Array("a{x=\"0123456789012345\"} 1\n".utf8), format: .text, limits: limits)
        }
        #expect(throws: WireError.tooManySamples(limit: 2)) {
            try MetricFamily.families(
                of: Array("a 1\nb 2\nc 3\n".utf8), format: .text, limits: limits)
        }
    }

    @Test("line protocol becomes series")
    func lineProtocol() throws {
        let body = """
            # a remark
            cpu,host=a\\ b,region=eu usage=12.5,cores=4i,up=t,note="x, y=z" 1700000000123456789
            cpu,host=a\\ b,region=eu usage=13 1700000001000000000
            mem value=7u

            """
        let batch = try LineProtocol.read(Array(body.utf8), now: 5)
        #expect(batch.series.map(\.labels.name) == ["cpu_usage", "cpu_cores", "cpu_up", "mem"])
        #expect(batch.series[0].labels["host"] == "a b")
        #expect(
            batch.series[0].samples == [
                Sample(1_700_000_000_123, 12.5), Sample(1_700_000_001_000, 13),
            ])
        #expect(batch.series[3].samples == [Sample(5, 7)])
        #expect(batch.rejections == [.notANumber: 1])
        #expect(
            throws: WireError.malformedLine(line: 1, reason: "expected `=` behind a field")
        ) { try LineProtocol.read(Array("cpu,host=a".utf8), now: 0) }
    }

    @Test("remote write 1.0 comes back as it was written")
    func remoteWrite() throws {
        let labels = Labels(["__name__": "up", "job": "x"])
        let series = [WireSeries(labels: labels, samples: [Sample(1, 2), Sample(3, .nan)])]
        let batch = try RemoteWrite.read(try RemoteWrite.write(series), version: .v1)
        #expect(batch.series.count == 1)
        #expect(batch.series[0].labels == labels)
        #expect(batch.series[0].samples == series[0].samples)
    }

    static func remoteWriteV2Request() -> Millrace_Remotewrite_V2_Request {
        var request = Millrace_Remotewrite_V2_Request()
        request.symbols = ["", "__name__", "up", "job", "x", "Is it up?"]
        var series = Millrace_Remotewrite_V2_TimeSeries()
        series.labelsRefs = [1, 2, 3, 4]
        var sample = Millrace_Remotewrite_V2_Sample()
        sample.timestamp = 7
        sample.value = 1
        series.samples = [sample]
        series.histograms = [Millrace_Remotewrite_V2_Histogram()]
        series.createdTimestamp = 3
        series.metadata.type = .gauge
        series.metadata.helpRef = 5
        request.timeseries = [series]
        return request
    }

    @Test("remote write 2.0's symbols are resolved, and bad references refused")
    func remoteWriteV2() throws {
        var request = Self.remoteWriteV2Request()
        let body = try Codec.snappy.compress(try request.serializedBytes() as [UInt8])
        let batch = try RemoteWrite.read(body, version: .v2)
        #expect(batch.series[0].labels == Labels(["__name__": "up", "job": "x"]))
        #expect(batch.series[0].created == 3)
        #expect(batch.metadata[0].help == "Is it up?" && batch.metadata[0].type == .gauge)
        #expect(batch.rejections == [.nativeHistogram: 1])
        request.timeseries[0].labelsRefs = [1, 99]
        let broken = try Codec.snappy.compress(try request.serializedBytes() as [UInt8])
        #expect(throws: WireError.self) { try RemoteWrite.read(broken, version: .v2) }
        #expect(
            RemoteWrite.Version(
                contentType: "application/x-protobuf;proto=io.prometheus.write.v2.Request") == .v2)
    }

    static func otlpRequest() -> Millrace_Otlp_ExportMetricsServiceRequest {
        var request = Millrace_Otlp_ExportMetricsServiceRequest()
        var resource = Millrace_Otlp_ResourceMetrics()
        func attribute(_ key: String, _ value: String) -> Millrace_Otlp_KeyValue {
            var pair = Millrace_Otlp_KeyValue()
            pair.key = key
            pair.value.stringValue = value
            return pair
        }
        resource.resource.attributes = [
            attribute("service.name", "shop"), attribute("service.namespace", "ns"),
            attribute("service.instance.id", "i1"), attribute("host.name", "h"),
        ]
        var metric = Millrace_Otlp_Metric()
        metric.name = "http.server.duration"
        metric.unit = "s"
        var point = Millrace_Otlp_HistogramDataPoint()
        point.timeUnixNano = 2_000_000_000
        point.count = 6
        point.sum = 12
        point.bucketCounts = [1, 2, 3]
        point.explicitBounds = [0.5, 1]
        point.attributes = [attribute("http.method", "GET")]
        metric.histogram.aggregationTemporality = .cumulative
        metric.histogram.dataPoints = [point]
        var sum = Millrace_Otlp_Metric()
        sum.name = "requests"
        sum.sum.isMonotonic = true
        sum.sum.aggregationTemporality = .delta
        sum.sum.dataPoints = [Millrace_Otlp_NumberDataPoint()]
        var scope = Millrace_Otlp_ScopeMetrics()
        scope.metrics = [metric, sum]
        resource.scopeMetrics = [scope]
        request.resourceMetrics = [resource]
        return request
    }

    @Test("OTLP sums, histograms and resources become Prometheus's series")
    func otlp() throws {
        let batch = try OTLPMetrics.read(try Self.otlpRequest().serializedBytes())
        let texts = batch.series.map { "\($0.labels) \($0.samples[0].value)" }
        #expect(
            texts.contains(
                "http_server_duration_seconds_bucket{http_method=\"GET\", instance=\"i1\", "
                    + "job=\"ns/shop\", le=\"1\"} 3.0"))
        #expect(
            texts.contains(
                "target_info{host_name=\"h\", instance=\"i1\", job=\"ns/shop\"} 1.0"))
        #expect(batch.series.count == 6)
        #expect(batch.rejections == [.deltaTemporality: 1])
    }
}
