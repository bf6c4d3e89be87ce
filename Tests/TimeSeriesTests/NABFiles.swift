import Foundation
import TimeSeries

/// The CloudWatch series of the Numenta Anomaly Benchmark.
enum NABFiles {
    static let path = "data/metrics/nab/realAWSCloudwatch"

    /// The samples of each file, as they stand there.
    static func series() throws -> [(name: String, samples: [Sample])] {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "yyyy-MM-dd HH:mm:ss"
        return try SharedFiles.files(path, suffix: ".csv").map { url in
            let text = try String(contentsOf: url, encoding: .utf8)
            var samples: [Sample] = []
            for line in text.split(whereSeparator: \.isNewline).dropFirst() {
                let parts = line.split(separator: ",")
                guard parts.count == 2, let value = Double(parts[1]),
                    let date = formatter.date(from: String(parts[0]))
                else { continue }
                samples.append(Sample(Int64(date.timeIntervalSince1970) * 1_000, value))
            }
            return (url.lastPathComponent, samples)
        }
    }
}
