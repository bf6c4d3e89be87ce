internal import Compression
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore

/// Reads a request's body within the server's limits, and decompresses it.
struct BodyReader: Sendable {
    let configuration: IngestServerConfiguration

    /// Why there is no body.
    struct Refusal: Error {
        var reply: IngestReply
        /// A bound of the server was reached, not a limit of the request.
        var isBusy = false
    }

    /// Whether what the request announces can be read to its end in passing, when it is refused.
    func canBeDrained(_ request: Request) -> Bool {
        if let length = request.headers[.contentLength] {
            return Int(length).map { $0 <= configuration.bodyBytes } ?? false
        }
        return request.headers[.transferEncoding] == nil
    }

    /// The body, decompressed.
    ///
    /// - Throws: ``Refusal``, or what the connection throws.
    func read(_ request: Request, _ admission: Admission) async throws -> [UInt8] {
        let isCompressed = try isCompressed(request)
        if let length = request.headers[.contentLength].flatMap(Int.init),
            length > configuration.bodyBytes
        {
            throw tooLarge
        }
        var body: [UInt8] = []
        for try await chunk in request.body {
            guard chunk.readableBytes <= configuration.bodyBytes - body.count else {
                throw tooLarge
            }
            guard admission.reserve(chunk.readableBytes) else { throw busy }
            body.append(contentsOf: chunk.readableBytesView)
        }
        if let length = request.headers[.contentLength].flatMap(Int.init), body.count < length {
            throw Refusal(
                reply: .error(
                    400, code: "truncated", message: "the body is shorter than it says"))
        }
        return isCompressed ? try decompressed(body, admission) : body
    }

    private func isCompressed(_ request: Request) throws(Refusal) -> Bool {
        switch request.headers[.contentEncoding]?.lowercased() {
        case nil, "", "identity": return false
        case "gzip", "x-gzip": return true
        default:
            throw Refusal(
                reply: .error(
                    415, code: "unsupported-encoding",
                    message: "Content-Encoding may be gzip or identity"))
        }
    }

    private func decompressed(_ body: [UInt8], _ admission: Admission) throws(Refusal) -> [UInt8] {
        let plain: [UInt8]
        do throws(CompressionError) {
            plain = try Codec.gzip.decompress(body, limit: configuration.decompressedBytes)
        } catch {
            switch error {
            case .tooLarge(let limit):
                throw Refusal(
                    reply: .error(
                        413, code: "too-large",
                        message: "the decompressed body has more than \(limit) bytes"))
            case .malformed, .failed:
                throw Refusal(
                    reply: .error(400, code: "bad-gzip", message: "the body isn't gzip"))
            }
        }
        guard admission.reserve(plain.count) else { throw busy }
        return plain
    }

    private var tooLarge: Refusal {
        Refusal(
            reply: .error(
                413, code: "too-large",
                message: "the body has more than \(configuration.bodyBytes) bytes"))
    }

    /// The reply when a bound of the server is reached.
    var busy: Refusal {
        Refusal(
            reply: .error(
                503, code: "busy", message: "the server is at its bound; nothing was taken",
                retryAfterSeconds: configuration.retryAfterSeconds),
            isBusy: true)
    }
}
