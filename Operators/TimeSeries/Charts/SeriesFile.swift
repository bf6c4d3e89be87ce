/// Reads series from a file for trying things out.
public enum SeriesFile {
    /// The forms that are read.
    public enum Format: String, Sendable, CaseIterable {
        /// Metrics page with times, in Prometheus's format or OpenMetrics.
        case exposition
        /// `load` commands of a promqltest file, from 1970 on.
        case promqltest
        /// Line protocol with times in nanoseconds.
        case line
    }

    /// The form that a file's text looks like.
    public static func format(of text: String) -> Format {
        for line in text.split(whereSeparator: \.isNewline).prefix(100) {
            let trimmed = PromQLTestFile.trimmed(line)
            if trimmed.isEmpty || trimmed.hasPrefix("#") { continue }
            if trimmed.hasPrefix("load ") || trimmed.hasPrefix("load\t") { return .promqltest }
            let parts = trimmed.split(separator: " ")
            return parts.count >= 2 && parts[1].contains("=") && !trimmed.contains("{")
                ? .line : .exposition
        }
        return .exposition
    }

    /// The series of a file.
    ///
    /// - Parameter now: the time in milliseconds of samples that have none.
    public static func read(_ bytes: [UInt8], now: Int64) throws -> MemorySource {
        let text = String(decoding: bytes, as: UTF8.self)
        var source = MemorySource()
        switch format(of: text) {
        case .promqltest:
            for case .load(let step, let series, _) in try PromQLTestFile(parsing: text).commands {
                for one in series {
                    for (index, value) in one.values.enumerated() {
                        if case .number(let number) = value {
                            source.insert(Sample(Int64(index) * step, number), into: one.labels)
                        }
                    }
                }
            }
        case .line:
            for one in try LineProtocol.read(bytes, now: now).series {
                for sample in one.samples { source.insert(sample, into: one.labels) }
            }
        case .exposition:
            let isOpenMetrics = text.hasSuffix("# EOF") || text.hasSuffix("# EOF\n")
            let families = try MetricFamily.families(
                of: bytes, format: isOpenMetrics ? .openMetrics : .text)
            for sample in families.flatMap(\.samples) {
                source.insert(
                    Sample(sample.timestamp ?? now, sample.value), into: sample.labels)
            }
        }
        return source
    }

    /// The times of the first and last sample, or `nil` without samples.
    public static func timeRange(of source: MemorySource) -> ClosedRange<Int64>? {
        let starts = source.series.compactMap(\.samples.timestamps.first)
        let ends = source.series.compactMap(\.samples.timestamps.last)
        guard let first = starts.min(), let last = ends.max() else { return nil }
        return first...last
    }
}
