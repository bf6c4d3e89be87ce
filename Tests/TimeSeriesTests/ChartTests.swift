import Testing
import TimeSeries

@Suite("Charts and files of series")
struct ChartTests {
    static func series(_ values: [Double]) -> MatrixSeries {
        MatrixSeries(
            labels: Labels(["__name__": "m", "a": "x"]),
            points: values.enumerated().map { Sample(Int64($0.offset) * 60_000, $0.element) })
    }

    @Test("a chart has its size, its scale, its times and its legend")
    func chart() {
        let chart = TerminalChart(width: 60, height: 8)
        let lines = chart.text([Self.series([0, 1, 2, 3, 4])]).split(separator: "\n")
        #expect(lines.count == 8 + 3)
        #expect(lines.prefix(9).allSatisfy { $0.count <= 61 })
        #expect(lines[0].contains("4") && lines[7].contains("0"))
        // A rising line begins below on the left and ends above on the right.
        #expect(lines[0].last != "⠀" && lines[7].last == "⠀")
        #expect(lines[9].contains("1970-01-01T00:00:00Z"))
        #expect(lines[9].hasSuffix("1970-01-01T00:04:00Z"))
        #expect(lines[10] == "  m{a=\"x\"} 4")
    }

    @Test("what can't be drawn is said")
    func nothingToDraw() {
        let chart = TerminalChart()
        #expect(chart.text(.matrix([])) == "no points\n")
        let text = chart.text(.matrix([Self.series([.infinity, .nan, -.infinity])]))
        #expect(text.hasPrefix("no points to draw: every value is infinite or not a number\n"))
        for values in [[5.0], [1e308, -1e308], [.leastNonzeroMagnitude], [.nan, 1, .infinity]] {
            #expect(chart.text(.matrix([Self.series(values)])).contains("┤"), "\(values)")
        }
    }

    @Test("steps are durations or seconds")
    func steps() {
        #expect(PromQLTime.step("15") == 15_000 && PromQLTime.step("15s") == 15_000)
        #expect(PromQLTime.step("0.5") == 500 && PromQLTime.step("1m30s") == 90_000)
        for text in ["0", "-1", "x", "", "1e300", "0s", "0.0001"] {
            #expect(PromQLTime.step(text) == nil, "\(text)")
        }
    }

    @Test("files are read in the form that they look like")
    func files() throws {
        let files: [(String, SeriesFile.Format, [String])] = [
            ("# TYPE m gauge\nm{a=\"x\"} 1 1000\nm{a=\"x\"} 2 2000\n", .exposition, ["m{a=\"x\"}"]),
            ("m 1 1\nm 2 2\n# EOF\n", .exposition, ["m"]),
            ("load 1s\n  m{a=\"x\"} 1 _ 2\n", .promqltest, ["m{a=\"x\"}"]),
            ("cpu,h=a u=1 1000000000\ncpu,h=a u=2 2000000000\n", .line, ["cpu_u{h=\"a\"}"]),
        ]
        for (text, format, labels) in files {
            #expect(SeriesFile.format(of: text) == format, "\(text)")
            let source = try SeriesFile.read(Array(text.utf8), now: 5)
            #expect(source.series.map { "\($0.labels)" } == labels)
            #expect(source.series[0].samples.values == [1, 2], "\(text)")
            let range = try #require(SeriesFile.timeRange(of: source))
            #expect(range.upperBound == 2_000 && range.lowerBound < 2_000, "\(text)")
        }
        let undated = try SeriesFile.read(Array("m 1\n".utf8), now: 5)
        #expect(SeriesFile.timeRange(of: undated) == 5...5)
        #expect(SeriesFile.timeRange(of: try SeriesFile.read([], now: 5)) == nil)
        #expect(throws: WireError.self) { try SeriesFile.read(Array("m{ 1\n".utf8), now: 5) }
    }
}
