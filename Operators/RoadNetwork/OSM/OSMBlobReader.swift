internal import Compression
internal import Foundation
internal import SwiftProtobuf

/// Walks the blobs of an OSM PBF file, one at a time, so that no more than one is held unpacked.
struct OSMBlobReader {
    /// The format's own bounds: 64 KiB for a header, 32 MiB for a blob's content.
    static let headerLimit = 64 * 1024
    static let blobLimit = 32 * 1024 * 1024

    private let bytes: UnsafeRawBufferPointer
    private var cursor = 0

    /// Where the blob that was read last starts.
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The next block of data, or nil behind the last; header blobs are checked on the way and blobs
    /// of unknown types skipped, as the format asks.
    mutating func next() throws(RoadNetworkError) -> Osmpbf_PrimitiveBlock? {
        while let (type, content) = try nextBlob() {
            switch type {
            case "OSMHeader": try check(header: content)
            case "OSMData":
                do {
                    return try Osmpbf_PrimitiveBlock(serializedBytes: content)
                } catch {
                    throw .malformed(offset: offset, "not a block of primitives")
                }
            default: continue
            }
        }
        return nil
    }

    private mutating func nextBlob() throws(RoadNetworkError) -> (String, [UInt8])? {
        guard cursor < bytes.count else { return nil }
        offset = cursor
        let prefix = try take(4)
        let length = Int(UInt32(bigEndian: prefix.loadUnaligned(as: UInt32.self)))
        guard length > 0, length <= OSMBlobReader.headerLimit else {
            throw .malformed(offset: offset, "a header of \(length) bytes")
        }
        let header: Osmpbf_BlobHeader
        do {
            header = try Osmpbf_BlobHeader(serializedBytes: Array(try take(length)))
        } catch let error as RoadNetworkError {
            throw error
        } catch {
            throw .malformed(offset: offset, "not a blob header")
        }
        let size = Int(header.datasize)
        guard size >= 0, size <= OSMBlobReader.blobLimit else {
            throw .malformed(offset: offset, "a blob of \(size) bytes")
        }
        let blob: Osmpbf_Blob
        do {
            blob = try Osmpbf_Blob(serializedBytes: Array(try take(size)))
        } catch let error as RoadNetworkError {
            throw error
        } catch {
            throw .malformed(offset: offset, "not a blob")
        }
        return (header.type, try unpack(blob))
    }

    private mutating func take(_ count: Int) throws(RoadNetworkError) -> UnsafeRawBufferPointer {
        guard bytes.count - cursor >= count else { throw .truncated(offset: offset) }
        defer { cursor += count }
        return UnsafeRawBufferPointer(rebasing: bytes[cursor..<(cursor + count)])
    }

    private func unpack(_ blob: Osmpbf_Blob) throws(RoadNetworkError) -> [UInt8] {
        if blob.hasRaw { return [UInt8](blob.raw) }
        let packed: (Codec, Data)
        if blob.hasZlibData {
            packed = (.zlib, blob.zlibData)
        } else if blob.hasZstdData {
            packed = (.zstd, blob.zstdData)
        } else if blob.hasLzmaData || blob.hasLz4Data {
            throw .unsupported("blobs packed with LZMA or LZ4")
        } else {
            throw .malformed(offset: offset, "a blob without content")
        }
        do {
            let content = try packed.0.decompress([UInt8](packed.1), limit: OSMBlobReader.blobLimit)
            guard !blob.hasRawSize || content.count == Int(blob.rawSize) else {
                throw RoadNetworkError.malformed(offset: offset, "content of a wrong size")
            }
            return content
        } catch let error as RoadNetworkError {
            throw error
        } catch {
            throw .malformed(offset: offset, "content that can't be unpacked")
        }
    }

    private func check(header content: [UInt8]) throws(RoadNetworkError) {
        let header: Osmpbf_HeaderBlock
        do {
            header = try Osmpbf_HeaderBlock(serializedBytes: content)
        } catch {
            throw .malformed(offset: offset, "not a header block")
        }
        for feature in header.requiredFeatures
        where feature != "OsmSchema-V0.6" && feature != "DenseNodes" {
            throw .unsupported("the feature \(feature.prefix(40))")
        }
    }
}
