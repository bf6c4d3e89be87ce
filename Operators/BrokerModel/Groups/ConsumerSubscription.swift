internal import Records

/// The part of a consumer's join metadata that the broker looks into: the subscribed topics.
enum ConsumerSubscription {
    /// The topics named in the metadata of the `consumer` protocol; nil if it can't be read.
    static func topics(in metadata: [UInt8]) -> [String]? {
        metadata.withUnsafeBytes { bytes in
            try? topics(ByteReader(bytes))
        }
    }

    private static func topics(_ bytes: ByteReader) throws(CodecError) -> [String] {
        var reader = bytes
        _ = try reader.bigEndian(Int16.self)
        let count = try reader.bigEndian(Int32.self)
        guard count >= 0, Int(count) <= reader.remaining / 2 else { throw .truncated }
        var topics: [String] = []
        for _ in 0..<count {
            let length = try reader.bigEndian(Int16.self)
            let text = try reader.raw(Int(length))
            topics.append(String(decoding: text, as: UTF8.self))
        }
        return topics
    }
}
