import Foundation

/// One figure of `make bench`, beside the floor or the peer that was measured in the same run.
struct BenchmarkRow: Codable {
    /// Dotted, the area first: `engine.window.closures.10k`.
    var name: String
    /// The median of the runs.
    var value: Double
    /// What ``value`` and ``floor`` count.
    var unit: String
    /// What the floor or peer reached in this run; absent for a figure that stands alone.
    var floor: Double?
    /// `value / floor`.
    var ratio: Double?
    /// Whether a greater value is the better one.
    var higherIsBetter: Bool
}

/// Collects rows, prints them for people and writes them for programs.
struct BenchmarkReport {
    private(set) var rows: [BenchmarkRow] = []
    private(set) var remarks: [String] = []

    /// Adds a figure and prints it at once, so that a long run shows its progress.
    mutating func add(
        _ name: String, _ value: Double, unit: String, floor: Double? = nil,
        higherIsBetter: Bool = true
    ) {
        let row = BenchmarkRow(
            name: name, value: value, unit: unit, floor: floor,
            ratio: floor.map { $0 == 0 ? 0 : value / $0 }, higherIsBetter: higherIsBetter)
        rows.append(row)
        print(BenchmarkReport.line(row))
    }

    /// Adds a sentence that a reader of the figures needs.
    mutating func remark(_ text: String) {
        remarks.append(text)
        print("  note: \(text)")
    }

    /// Writes the rows as JSON, a list of objects.
    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true)
        try encoder.encode(rows).write(to: URL(fileURLWithPath: path))
    }

    private static func line(_ row: BenchmarkRow) -> String {
        func number(_ value: Double) -> String {
            value.magnitude >= 1_000
                ? String(format: "%.0f", value) : String(format: "%.2f", value)
        }
        var line = row.name.padding(toLength: 44, withPad: " ", startingAt: 0)
        line += String(repeating: " ", count: max(0, 14 - number(row.value).count))
        line += "\(number(row.value)) \(row.unit)"
        if let floor = row.floor, let ratio = row.ratio {
            line += "   floor \(number(floor))   ratio \(String(format: "%.2f", ratio))"
        }
        return line
    }
}

/// A group of figures that are measured together.
struct Benchmark {
    /// The prefix of the group's rows; `ONLY=` selects by it.
    var name: String
    /// Measures and adds the rows.
    var run: (inout BenchmarkReport) throws -> Void
}

/// How often each figure is measured; the median counts.
let benchmarkRepetitions = 5

/// The median wall time of several runs of `body`, in seconds, after one run that doesn't count.
func medianSeconds(
    repetitions: Int = benchmarkRepetitions, _ body: () throws -> Void
) rethrows -> Double {
    try body()
    var times: [Double] = []
    for _ in 0..<repetitions {
        let start = ContinuousClock.now
        try body()
        let elapsed = ContinuousClock.now - start
        times.append(
            Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18)
    }
    return times.sorted()[times.count / 2]
}

/// Keeps the optimiser from removing the computation of `value`.
@inline(never)
func keep<T>(_ value: T) {
    withExtendedLifetime(value) {}
}
