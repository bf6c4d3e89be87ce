internal import Glibc

/// Draws series as lines of braille dots, for a terminal.
public struct TerminalChart: Sendable {
    /// The width of the whole chart in characters.
    public var width: Int
    /// The height of the plot in lines.
    public var height: Int
    /// How many series are named below the chart.
    public var legendLimit = 12

    /// Makes a chart; sizes are held between what can be read and what a terminal has.
    public init(width: Int = 80, height: Int = 16) {
        self.width = min(max(width, 30), 400)
        self.height = min(max(height, 4), 100)
    }

    /// The text of a result: a chart of a matrix, a table of a vector.
    public func text(_ value: QueryValue) -> String {
        switch value {
        case .scalar(let sample): return PromQLText.number(sample.value) + "\n"
        case .string(let text): return text + "\n"
        case .vector(let samples):
            if samples.isEmpty { return "no series\n" }
            return samples.map { "\($0.labels) \(PromQLText.number($0.sample.value))\n" }.joined()
        case .matrix(let series): return text(series)
        }
    }

    /// The chart of series.
    public func text(_ series: [MatrixSeries]) -> String {
        let points = series.flatMap(\.points).filter { $0.value.isFinite }
        guard let first = points.map(\.timestamp).min(), let last = points.map(\.timestamp).max(),
            var low = points.map(\.value).min(), var high = points.map(\.value).max()
        else {
            return series.contains { !$0.points.isEmpty }
                ? "no points to draw: every value is infinite or not a number\n" + legend(series)
                : "no points\n"
        }
        if low == high {
            let margin = max(low.magnitude * 0.1, 0.5)
            low -= margin
            high += margin
        }
        let ticks = TerminalChart.ticks(low, high, count: max(2, height / 4))
        let labels = ticks.map { PromQLText.compactNumber($0, limit: 9) }
        let gutter = (labels.map(\.count).max() ?? 0) + 2
        let columns = max(8, width - gutter)
        var canvas = Canvas(columns: columns, lines: height)
        let span = Double(max(1, last - first))
        func place(_ point: Sample) -> (x: Int, y: Int) {
            let x = Double(point.timestamp - first) / span * Double(columns * 2 - 1)
            // Halves keep the difference of huge numbers finite.
            let share = (point.value / 2 - low / 2) / (high / 2 - low / 2)
            return (Int(x.rounded()), Int(((1 - share) * Double(height * 4 - 1)).rounded()))
        }
        for one in series {
            var before: (x: Int, y: Int)?
            for point in one.points {
                guard point.value.isFinite else {
                    before = nil
                    continue
                }
                let here = place(point)
                canvas.line(from: before ?? here, to: here)
                before = here
            }
        }
        var rows: [Int: String] = [:]
        for (tick, label) in zip(ticks, labels) {
            let share = (tick / 2 - low / 2) / (high / 2 - low / 2)
            rows[Int(((1 - share) * Double(height - 1)).rounded())] = label
        }
        var output = ""
        for line in 0..<height {
            let label = rows[line] ?? ""
            let padding = String(repeating: " ", count: max(0, gutter - 2 - label.count))
            output += "\(padding)\(label) \(rows[line] == nil ? "│" : "┤")\(canvas.row(line))\n"
        }
        output += axis(first, last, gutter: gutter, columns: columns)
        return output + legend(series)
    }

    private func axis(_ first: Int64, _ last: Int64, gutter: Int, columns: Int) -> String {
        let margin = String(repeating: " ", count: gutter - 1)
        let from = TerminalChart.time(first)
        let to = TerminalChart.time(last)
        let gap = String(repeating: " ", count: max(1, columns - from.count - to.count))
        return "\(margin)└\(String(repeating: "─", count: columns))\n\(margin) \(from)\(gap)\(to)\n"
    }

    private func legend(_ series: [MatrixSeries]) -> String {
        var lines = series.prefix(legendLimit).map { one in
            let last = one.points.last.map { PromQLText.compactNumber($0.value, limit: 9) } ?? ""
            return "  \(one.labels) \(last)\n"
        }
        if series.count > legendLimit { lines.append("  … \(series.count - legendLimit) more\n") }
        return lines.joined()
    }

    /// ISO 8601 in UTC, to the second.
    private static func time(_ milliseconds: Int64) -> String {
        let text = PromQLTime.text(milliseconds)
        return String(text.prefix(19)) + "Z"
    }

    /// Round numbers between two values.
    static func ticks(_ low: Double, _ high: Double, count: Int) -> [Double] {
        let raw = (high / Double(count) - low / Double(count))
        guard raw > 0, raw.isFinite else { return [] }
        let magnitude = pow(10, log10(raw).rounded(.down))
        guard magnitude > 0 else { return [] }
        let step = ([1, 2, 2.5, 5, 10].first { $0 * magnitude >= raw } ?? 10) * magnitude
        var result: [Double] = []
        var index = (low / step).rounded(.up)
        while index * step <= high, result.count <= count * 2 {
            result.append(index == 0 ? 0 : index * step)
            index += 1
        }
        return result
    }
}

/// A field of braille characters, two dots wide and four high each.
private struct Canvas {
    private let columns: Int
    private let lines: Int
    private var cells: [UInt32]

    init(columns: Int, lines: Int) {
        self.columns = columns
        self.lines = lines
        cells = Array(repeating: 0, count: columns * lines)
    }

    private mutating func set(_ x: Int, _ y: Int) {
        guard x >= 0, y >= 0, x < columns * 2, y < lines * 4 else { return }
        let bits: [UInt32] = [0x01, 0x02, 0x04, 0x40, 0x08, 0x10, 0x20, 0x80]
        cells[y / 4 * columns + x / 2] |= bits[x % 2 * 4 + y % 4]
    }

    /// Bresenham's line.
    mutating func line(from: (x: Int, y: Int), to: (x: Int, y: Int)) {
        var (x, y) = from
        let (dx, dy) = (abs(to.x - x), -abs(to.y - y))
        let (sx, sy) = (x < to.x ? 1 : -1, y < to.y ? 1 : -1)
        var error = dx + dy
        while true {
            set(x, y)
            if x == to.x, y == to.y { return }
            let doubled = 2 * error
            if doubled >= dy {
                error += dy
                x += sx
            }
            if doubled <= dx {
                error += dx
                y += sy
            }
        }
    }

    func row(_ line: Int) -> String {
        var text = String.UnicodeScalarView()
        for cell in cells[line * columns..<(line + 1) * columns] {
            text.append(Unicode.Scalar(0x2800 + cell) ?? " ")
        }
        return String(text)
    }
}
