internal import ArgumentParser
internal import Foundation
internal import TimeSeries

/// `millrace promql 'expr' --data FILE`: evaluates an expression over a file of series.
struct PromQLCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promql",
        abstract: "Evaluate a PromQL expression over a file, with a chart on the terminal.",
        discussion: """
            The file holds a metrics page with times (Prometheus's text format or OpenMetrics), \
            Influx line protocol, or `load` commands of a promqltest file. Without --at the \
            expression is evaluated at every step from the first sample to the last, a range of \
            samples or a text at the last sample. An expression that begins with a minus stands \
            behind two: millrace promql --data FILE -- '-rate(m[5m])'.
            """)

    /// What the expression or the data is at fault for, as opposed to the options.
    private struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    @Argument(help: "The expression; behind -- where it begins with a minus.")
    var expression: String

    @Option(help: ArgumentHelp("The file of series.", valueName: "file"))
    var data: String?

    @Option(help: "Evaluate at one time: seconds since 1970, or 2024-05-01T12:00:00Z.")
    var at: String?

    @Option(help: "The first step.")
    var from: String?

    @Option(help: "The last step.")
    var to: String?

    @Option(help: "The distance of the steps, such as 15s or 1m, or in seconds.")
    var step: String?

    @Option(help: "The width of the chart in characters.")
    var width = 100

    @Option(help: "The height of the chart in lines.")
    var height = 16

    @Flag(help: "Only print the expression, formatted.")
    var format = false

    func run() async throws {
        let parsed: TimeSeries.Expression
        do {
            parsed = try TimeSeries.Expression(parsing: expression)
        } catch {
            throw Failure(description: "\(error)")
        }
        if format {
            print(parsed.formatted(width: width))
            return
        }
        guard let data else { throw ValidationError("--data is needed, but for --format") }
        let bytes = try PromQLCommand.bytes(of: data)
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        let source = try SeriesFile.read(bytes, now: now)
        guard let range = SeriesFile.timeRange(of: source) else {
            throw Failure(description: "\(data) holds no samples")
        }
        let engine = QueryEngine()
        let result: QueryResult
        do {
            if at != nil || parsed.type == .matrix || parsed.type == .string {
                guard from == nil, to == nil, step == nil else {
                    throw ValidationError(
                        at != nil
                            ? "--at is one time, so that --from, --to and --step mean nothing"
                            : "a range of samples or a text is evaluated at one time: give --at "
                                + "instead of --from, --to and --step")
                }
                let time = try self.time(at, "--at") ?? range.upperBound
                result = try engine.instantQuery(parsed, at: time, over: source)
            } else {
                let first = try self.time(from, "--from") ?? range.lowerBound
                let last = try self.time(to, "--to") ?? range.upperBound
                let usual = max(1_000, (last - first) / Int64(max(1, width)))
                result = try engine.rangeQuery(
                    parsed, from: first, through: last, step: try stepWidth() ?? usual,
                    over: source)
            }
        } catch let error as QueryError {
            throw Failure(description: "\(error)")
        }
        print(TerminalChart(width: width, height: height).text(result.value), terminator: "")
        for annotation in result.annotations {
            print("  \(annotation.description(in: expression))")
        }
    }

    private static func bytes(of path: String) throws -> [UInt8] {
        guard FileManager.default.fileExists(atPath: path) else {
            throw Failure(description: "there is no file \(path)")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Failure(description: "\(path) can't be read")
        }
        return Array(data)
    }

    private func time(_ text: String?, _ option: String) throws -> Int64? {
        guard let text else { return nil }
        guard let time = PromQLTime.parse(text) else {
            throw ValidationError("\(option) is neither seconds nor like 2024-05-01T12:00:00Z")
        }
        return time
    }

    private func stepWidth() throws -> Int64? {
        guard let step else { return nil }
        guard let width = PromQLTime.step(step) else {
            throw ValidationError("--step is neither a duration such as 15s nor seconds")
        }
        return width
    }
}
