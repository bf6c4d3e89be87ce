extension OutputBatch {
    /// Cuts a batch that no client would take as a whole; one within the bounds stays as it is.
    ///
    /// - Parameters:
    ///   - entries: the most records of a piece.
    ///   - size: the most bytes of keys and values of a piece, but for a single record that has more.
    /// - Returns: the pieces, in the order in which they must be written; none for an empty batch.
    public func pieces(entries maximum: Int, bytes size: Int) -> [OutputBatch] {
        if isEmpty { return [] }
        if entries.count <= maximum, bytes.count <= size { return [self] }
        var pieces: [OutputBatch] = []
        var start = entries.startIndex
        var taken = 0
        for index in entries.indices {
            let added = (entries[index].key?.count ?? 0) + (entries[index].value?.count ?? 0)
            if index > start, index - start >= maximum || taken + added > size {
                pieces.append(piece(start..<index))
                (start, taken) = (index, 0)
            }
            taken += added
        }
        pieces.append(piece(start..<entries.endIndex))
        return pieces
    }

    /// Some of the records, with the bytes that they point to.
    private func piece(_ range: Range<Int>) -> OutputBatch {
        var piece = OutputBatch(topics: topics)
        piece.entries = Array(entries[range])
        let ranges = piece.entries.lazy.flatMap { [$0.key, $0.value] }.compactMap { $0 }
        let start = ranges.map(\.lowerBound).min() ?? 0
        let end = ranges.map(\.upperBound).max() ?? start
        piece.bytes = Array(bytes[start..<end])
        func moved(_ range: Range<Int>?) -> Range<Int>? {
            range.map { $0.lowerBound - start..<$0.upperBound - start }
        }
        for index in piece.entries.indices {
            piece.entries[index].key = moved(piece.entries[index].key)
            piece.entries[index].value = moved(piece.entries[index].value)
        }
        return piece
    }
}
