internal import CLZ4
internal import CSnappy
internal import CZlib
internal import CZstd

/// A compressed form of bytes, over the C library that defines it.
///
/// The forms are those that Kafka's batches, OSM's blobs and HTTP bodies carry: gzip and zlib
/// (RFC 1952, 1950), the snappy block format, the LZ4 frame and the Zstandard frame.
public enum Codec: String, CaseIterable, Sendable {
    /// RFC 1952.
    case gzip
    /// RFC 1950.
    case zlib
    /// The snappy block format, without framing.
    case snappy
    /// The LZ4 frame format.
    case lz4
    /// The Zstandard frame format.
    case zstd

    /// Compresses `bytes` at the library's default level.
    ///
    /// - Throws: ``CompressionError`` when the library refuses, as it does without memory.
    public func compress(_ bytes: UnsafeRawBufferPointer) throws(CompressionError) -> [UInt8] {
        switch self {
        case .gzip: try deflated(bytes, windowBits: 15 + 16)
        case .zlib: try deflated(bytes, windowBits: 15)
        case .snappy: try snappyCompressed(bytes)
        case .lz4: try lz4Compressed(bytes)
        case .zstd: try zstdCompressed(bytes)
        }
    }

    /// Decompresses `bytes` into at most `limit` bytes.
    ///
    /// - Throws: ``CompressionError/tooLarge(limit:)`` before more than `limit` bytes are held, and
    ///   ``CompressionError/malformed(_:)`` for bytes that are damaged, cut short or followed by others.
    public func decompress(
        _ bytes: UnsafeRawBufferPointer, limit: Int
    ) throws(CompressionError) -> [UInt8] {
        switch self {
        case .gzip: try inflated(bytes, windowBits: 15 + 16, limit: limit)
        case .zlib: try inflated(bytes, windowBits: 15, limit: limit)
        case .snappy: try snappyDecompressed(bytes, limit: limit)
        case .lz4: try lz4Decompressed(bytes, limit: limit)
        case .zstd: try zstdDecompressed(bytes, limit: limit)
        }
    }

    /// Compresses an array; see ``compress(_:)-(UnsafeRawBufferPointer)``.
    public func compress(_ bytes: [UInt8]) throws(CompressionError) -> [UInt8] {
        try bytes.withUnsafeBufferPointer { (buffer) throws(CompressionError) in
            try compress(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Decompresses an array; see ``decompress(_:limit:)-(UnsafeRawBufferPointer,_)``.
    public func decompress(_ bytes: [UInt8], limit: Int) throws(CompressionError) -> [UInt8] {
        try bytes.withUnsafeBufferPointer { (buffer) throws(CompressionError) in
            try decompress(UnsafeRawBufferPointer(buffer), limit: limit)
        }
    }
}

/// The first room for output of unknown size, doubled as often as needed.
private let firstRoom = 16 * 1024

extension Codec {
    private func deflated(
        _ bytes: UnsafeRawBufferPointer, windowBits: Int32
    ) throws(CompressionError) -> [UInt8] {
        var stream = z_stream()
        let started = deflateInit2_(
            &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY,
            ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard started == Z_OK else { throw .failed("zlib: deflateInit2 \(started)") }
        defer { deflateEnd(&stream) }
        guard bytes.count <= Int(UInt32.max) else { throw .tooLarge(limit: Int(UInt32.max)) }
        let bound = Int(deflateBound(&stream, UInt(bytes.count)))
        var status = Z_OK
        let output = [UInt8](unsafeUninitializedCapacity: bound) { room, count in
            stream.next_in = UnsafeMutablePointer(
                mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
            stream.avail_in = UInt32(bytes.count)
            stream.next_out = room.baseAddress
            stream.avail_out = UInt32(truncatingIfNeeded: room.count)
            status = deflate(&stream, Z_FINISH)
            count = Int(stream.total_out)
        }
        guard status == Z_STREAM_END else { throw .failed("zlib: deflate \(status)") }
        return output
    }

    private func inflated(
        _ bytes: UnsafeRawBufferPointer, windowBits: Int32, limit: Int
    ) throws(CompressionError) -> [UInt8] {
        guard bytes.count <= Int(UInt32.max) else { throw .tooLarge(limit: Int(UInt32.max)) }
        var stream = z_stream()
        let started = inflateInit2_(
            &stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard started == Z_OK else { throw .failed("zlib: inflateInit2 \(started)") }
        defer { inflateEnd(&stream) }
        stream.next_in = UnsafeMutablePointer(
            mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(bytes.count)
        var output = [UInt8](repeating: 0, count: min(limit, max(firstRoom, bytes.count * 4)))
        var filled = 0
        while true {
            let room = UInt32(truncatingIfNeeded: output.count - filled)
            let status = output.withUnsafeMutableBufferPointer { buffer in
                stream.next_out = buffer.baseAddress.map { $0 + filled }
                stream.avail_out = room
                return inflate(&stream, Z_NO_FLUSH)
            }
            filled += Int(room - stream.avail_out)
            if status == Z_STREAM_END { break }
            guard status == Z_OK || (status == Z_BUF_ERROR && stream.avail_out == 0) else {
                throw .malformed("\(self): inflate \(status)")
            }
            if stream.avail_out == 0 {
                guard output.count < limit else { throw .tooLarge(limit: limit) }
                output.append(
                    contentsOf: repeatElement(0, count: min(output.count, limit - output.count)))
            } else if stream.avail_in == 0 {
                throw .malformed("\(self): the bytes end inside the stream")
            }
        }
        guard stream.avail_in == 0 else { throw .malformed("\(self): bytes behind the stream") }
        output.removeLast(output.count - filled)
        return output
    }

    private func snappyCompressed(
        _ bytes: UnsafeRawBufferPointer
    ) throws(CompressionError) -> [UInt8] {
        var status = SNAPPY_OK
        let input = bytes.bindMemory(to: CChar.self).baseAddress
        let bound = snappy_max_compressed_length(bytes.count)
        let output = [UInt8](unsafeUninitializedCapacity: bound) { room, count in
            count = bound
            room.withMemoryRebound(to: CChar.self) {
                status = snappy_compress(input, bytes.count, $0.baseAddress, &count)
            }
            if status != SNAPPY_OK { count = 0 }
        }
        guard status == SNAPPY_OK else { throw .failed("snappy: \(status.rawValue)") }
        return output
    }

    private func snappyDecompressed(
        _ bytes: UnsafeRawBufferPointer, limit: Int
    ) throws(CompressionError) -> [UInt8] {
        let input = bytes.bindMemory(to: CChar.self).baseAddress
        var length = 0
        guard snappy_uncompressed_length(input, bytes.count, &length) == SNAPPY_OK else {
            throw .malformed("snappy: no length")
        }
        guard length <= limit else { throw .tooLarge(limit: limit) }
        // A damaged length would reserve what the bytes can't fill: a copy element of three bytes
        // yields at most 64.
        guard length <= bytes.count * 32 else { throw .malformed("snappy: impossible length") }
        var status = SNAPPY_OK
        let output = [UInt8](unsafeUninitializedCapacity: length) { room, count in
            count = length
            room.withMemoryRebound(to: CChar.self) {
                status = snappy_uncompress(input, bytes.count, $0.baseAddress, &count)
            }
            if status != SNAPPY_OK { count = 0 }
        }
        guard status == SNAPPY_OK else { throw .malformed("snappy: damaged block") }
        return output
    }

    private func lz4Compressed(_ bytes: UnsafeRawBufferPointer) throws(CompressionError) -> [UInt8]
    {
        let bound = LZ4F_compressFrameBound(bytes.count, nil)
        var written = 0
        let output = [UInt8](unsafeUninitializedCapacity: bound) { room, count in
            written = LZ4F_compressFrame(
                room.baseAddress, bound, bytes.baseAddress, bytes.count, nil)
            count = LZ4F_isError(written) == 0 ? written : 0
        }
        guard LZ4F_isError(written) == 0 else {
            throw .failed("lz4: \(String(cString: LZ4F_getErrorName(written)))")
        }
        return output
    }

    private func lz4Decompressed(
        _ bytes: UnsafeRawBufferPointer, limit: Int
    ) throws(CompressionError) -> [UInt8] {
        var context: OpaquePointer?
        let made = LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))
        guard LZ4F_isError(made) == 0 else { throw .failed("lz4: no context") }
        defer { LZ4F_freeDecompressionContext(context) }
        var output = [UInt8](repeating: 0, count: min(limit, max(firstRoom, bytes.count * 4)))
        var filled = 0
        var consumed = 0
        while true {
            var taken = bytes.count - consumed
            var made = output.count - filled
            let hint = output.withUnsafeMutableBufferPointer { buffer in
                LZ4F_decompress(
                    context, buffer.baseAddress.map { $0 + filled }, &made,
                    bytes.baseAddress.map { $0 + consumed }, &taken, nil)
            }
            guard LZ4F_isError(hint) == 0 else {
                throw .malformed("lz4: \(String(cString: LZ4F_getErrorName(hint)))")
            }
            filled += made
            consumed += taken
            if hint == 0 { break }
            if filled == output.count {
                guard output.count < limit else { throw .tooLarge(limit: limit) }
                output.append(
                    contentsOf: repeatElement(0, count: min(output.count, limit - output.count)))
            } else if consumed == bytes.count {
                throw .malformed("lz4: the bytes end inside the frame")
            }
        }
        guard consumed == bytes.count else { throw .malformed("lz4: bytes behind the frame") }
        output.removeLast(output.count - filled)
        return output
    }

    private func zstdCompressed(
        _ bytes: UnsafeRawBufferPointer
    ) throws(CompressionError) -> [UInt8] {
        let bound = ZSTD_compressBound(bytes.count)
        var written = 0
        let output = [UInt8](unsafeUninitializedCapacity: bound) { room, count in
            written = ZSTD_compress(
                room.baseAddress, bound, bytes.baseAddress, bytes.count, ZSTD_defaultCLevel())
            count = ZSTD_isError(written) == 0 ? written : 0
        }
        guard ZSTD_isError(written) == 0 else {
            throw .failed("zstd: \(String(cString: ZSTD_getErrorName(written)))")
        }
        return output
    }

    private func zstdDecompressed(
        _ bytes: UnsafeRawBufferPointer, limit: Int
    ) throws(CompressionError) -> [UInt8] {
        guard let stream = ZSTD_createDStream() else { throw .failed("zstd: no stream") }
        defer { ZSTD_freeDStream(stream) }
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        var output = [UInt8](repeating: 0, count: min(limit, max(firstRoom, bytes.count * 4)))
        var filled = 0
        while true {
            let (hint, position) = output.withUnsafeMutableBytes { buffer in
                var target = ZSTD_outBuffer(
                    dst: buffer.baseAddress, size: buffer.count, pos: filled)
                return (ZSTD_decompressStream(stream, &target, &input), target.pos)
            }
            guard ZSTD_isError(hint) == 0 else {
                throw .malformed("zstd: \(String(cString: ZSTD_getErrorName(hint)))")
            }
            filled = position
            if hint == 0, input.pos == input.size { break }
            if filled == output.count {
                guard output.count < limit else { throw .tooLarge(limit: limit) }
                output.append(
                    contentsOf: repeatElement(0, count: min(output.count, limit - output.count)))
            } else if input.pos == input.size {
                throw .malformed("zstd: the bytes end inside the frame")
            }
        }
        output.removeLast(output.count - filled)
        return output
    }
}
