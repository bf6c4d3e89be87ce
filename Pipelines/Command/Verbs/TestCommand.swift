internal import ArgumentParser
internal import Dataflow
internal import Foundation
internal import OperatorTesting
internal import Records
internal import Runtime

/// `millrace test`: a pipeline in the simulation, under seeded faults.
struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract:
            "Run a pipeline in a simulation: killed, fenced and restored, it must publish the same.",
        discussion: """
            Needs no broker and no database. A line of an input file is a record's value, or key and value \
            with a tab between them (--keyed), in hexadecimal with --hex. With --chaos the faults of a seed \
            strike; without, the run is calm and shows that the input is usable.
            """)

    @OptionGroup var arguments: PipelineArguments

    @Option(help: "What goes in: topic=file, one record a line; may be repeated.")
    var input: [String]

    @Flag(help: "Kill, delay, lose, repeat and damage what can be.")
    var chaos = false

    @Option(help: "The first seed.")
    var seed: UInt64 = 0

    @Option(help: "How many seeds.")
    var seeds: UInt64 = 1

    @Option(help: "Milliseconds of record time between two lines.")
    var step: Int64 = 500

    @Flag(help: "Lines are key, tab, value.")
    var keyed = false

    @Flag(help: "Keys and values are in hexadecimal.")
    var hex = false

    func validate() throws {
        if input.isEmpty { throw ValidationError("--input topic=file says what goes in") }
        if seeds < 1 { throw ValidationError("--seeds takes at least 1") }
    }

    func run() throws { try run(Catalogue.entry(arguments.pipeline)) { print($0) } }

    /// Plays a pipeline.
    ///
    /// - Throws: a status of 1 when a seed was not clean, behind what `say` was told of it.
    func run(_ entry: PipelineEntry, say: (String) -> Void) throws {
        let parameters = try arguments.parameters()
        _ = try entry.plan(
            parameters: parameters, options: PlanOptions(partitions: arguments.partitions))
        let run = ChaosRun(
            pipeline: entry.name, inputs: try inputs(), partitions: arguments.partitions
        ) { builder in
            // The plan above has shown that definition and parameters are sound.
            try? entry.define(builder, parameters)
        }
        var (clean, checked) = (0, 0)
        var crashes: [CrashPoint: Int] = [:]
        for seed in seed..<seed + seeds {
            let report = try run.play(seed: seed, faults: chaos ? 2 : 0)
            checked += report.recordsChecked
            crashes.merge(report.crashes, uniquingKeysWith: +)
            if report.problems.isEmpty { clean += 1 }
            for problem in report.problems { say("seed \(seed): \(problem)") }
        }
        say(
            "\(clean) of \(seeds) seeds clean, \(crashes.count) of \(CrashPoint.allCases.count) crash "
                + "points hit, \(checked) records checked")
        if clean < Int(seeds) { throw ExitCode.failure }
    }

    private func inputs() throws -> [ChaosRun.Input] {
        var inputs: [ChaosRun.Input] = []
        for setting in input {
            let parts = setting.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw ValidationError("--input takes topic=file") }
            let text = try String(contentsOfFile: parts[1], encoding: .utf8)
            for (number, line) in text.split(whereSeparator: \.isNewline).enumerated() {
                let record = try record(line, at: Int64(number) * step)
                guard let record else {
                    throw ValidationError("\(parts[1]), record \(number + 1): not \(form)")
                }
                inputs.append((parts[0], record))
            }
        }
        return inputs
    }

    private var form: String {
        (keyed ? "key, tab, value" : "a value") + (hex ? " in hexadecimal" : "")
    }

    private func record(_ line: Substring, at time: Int64) throws -> SimulatedLog.Record? {
        let fields = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
        guard let value = bytes(keyed ? fields.last ?? "" : line) else { return nil }
        var key: [UInt8]?
        if keyed {
            guard fields.count == 2, let bytes = bytes(fields[0]) else { return nil }
            key = bytes
        }
        return SimulatedLog.Record(
            timestamp: EventTime(milliseconds: time), key: key, value: value)
    }

    private func bytes(_ text: Substring) -> [UInt8]? {
        guard hex else { return Array(text.utf8) }
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == text.count, digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] * 16 + digits[$0 + 1])
        }
    }
}
