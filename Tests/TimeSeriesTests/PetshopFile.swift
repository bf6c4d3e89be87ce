import Foundation
import TimeSeries

/// The labelled series of the petshop data set: four rows of headings, then a row for each time.
enum PetshopFile {
    static let path = "data/metrics/petshop/noissue/metrics.csv"

    static func series() throws -> [Series] {
        guard let root = SharedFiles.root else { return [] }
        let text = try String(
            contentsOf: root.appendingPathComponent(path), encoding: .utf8)
        let rows = text.split(whereSeparator: \.isNewline).map {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        guard rows.count > 4 else { return [] }
        var result: [Series] = []
        for column in 1..<rows[0].count {
            var samples = SampleColumns()
            for row in rows.dropFirst(4) where row.count > column {
                if let time = Double(row[0]), let value = Double(row[column]) {
                    samples.insert(Sample(Int64(time * 1_000), value))
                }
            }
            let labels = Labels([
                "__name__": String(rows[1][column]), "microservice": String(rows[0][column]),
                "statistic": String(rows[2][column]),
            ])
            result.append(Series(labels: labels, samples: samples))
        }
        return result
    }
}
