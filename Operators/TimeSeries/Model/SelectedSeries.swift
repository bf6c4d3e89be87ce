/// A series that a ``SampleSource`` found, whose samples are decoded when they are asked for.
public struct SelectedSeries: Sendable {
    /// Where the samples are.
    public enum Storage: Sendable {
        /// Decoded already.
        case columns(SampleColumns)
        /// In chunks in the order of time, which may overlap; the samples outside of the range are
        /// skipped.
        case chunks([Chunk], range: ClosedRange<Int64>)
    }

    /// What names the series.
    public var labels: Labels
    /// Its samples.
    public var storage: Storage

    /// Makes a series from decoded samples.
    public init(labels: Labels, samples: SampleColumns) {
        self.labels = labels
        storage = .columns(samples)
    }

    /// Makes a series from chunks.
    public init(labels: Labels, chunks: [Chunk], range: ClosedRange<Int64>) {
        self.labels = labels
        storage = .chunks(chunks, range: range)
    }

    /// The samples, decoded.
    ///
    /// - Throws: `CodecError` when a chunk is damaged.
    public func samples() throws -> SampleColumns {
        switch storage {
        case .columns(let columns): columns
        case .chunks(let chunks, let range): try Chunk.samples(of: chunks, in: range)
        }
    }
}
