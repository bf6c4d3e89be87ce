internal import Records

/// placeholder replaced below
public struct Chunk: Sendable {
    static func samples(of chunks: [Chunk], in range: ClosedRange<Int64>) throws(CodecError)
        -> SampleColumns
    {
        SampleColumns()
    }
}
