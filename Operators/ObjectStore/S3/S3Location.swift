internal import Foundation
internal import Records

/// Where a store lies in an S3-compatible service: endpoint, region, bucket and the prefix of all names.
public struct S3Location: Sendable, Hashable, CustomStringConvertible {
    /// The bucket.
    public let bucket: String
    /// What stands before every name, without slashes at its ends; may be empty.
    public let prefix: String
    /// The region that signatures name.
    public let region: String
    /// `http(s)://host[:port]` of a service that is not Amazon's; nil: Amazon's, in the region.
    public let endpoint: String?

    /// Names a place.
    ///
    /// - Throws: `.invalidConfiguration` for a bucket, prefix, region or endpoint that can't be.
    public init(bucket: String, prefix: String = "", region: String, endpoint: String? = nil) throws
    {
        let trimmed = prefix.trimmingCharacters(in: CharacterSet(charactersIn: "/"))
        guard S3Location.isBucket(bucket) else {
            throw S3Location.invalid("\(bucket) is no name of a bucket")
        }
        if !trimmed.isEmpty {
            guard (try? CheckpointName.parts(of: trimmed)) != nil else {
                throw S3Location.invalid(
                    "the prefix \(trimmed) is not made of parts of [A-Za-z0-9._-], separated by /")
            }
        }
        guard CheckpointName.isPart(region) else {
            throw S3Location.invalid("\(region) is no name of a region")
        }
        if let endpoint {
            let parts = URLComponents(string: endpoint)
            guard let parts, ["http", "https"].contains(parts.scheme), parts.host != nil,
                ["", "/"].contains(parts.path), parts.query == nil, parts.user == nil
            else {
                throw S3Location.invalid("an endpoint is http(s)://host[:port]")
            }
        }
        self.bucket = bucket
        self.prefix = trimmed
        self.region = region
        self.endpoint = endpoint.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
    }

    /// Whether a text names a place in S3: `s3://…`.
    public static func isURL(_ text: String) -> Bool { text.hasPrefix("s3://") }

    /// Reads `s3://bucket[/prefix]`; region and endpoint are those of `AWS_REGION` (or
    /// `AWS_DEFAULT_REGION`, else `us-east-1`) and `AWS_ENDPOINT_URL_S3` (or `AWS_ENDPOINT_URL`).
    ///
    /// - Throws: `.invalidConfiguration`.
    public init(url: String, environment: [String: String]) throws {
        guard S3Location.isURL(url) else {
            throw S3Location.invalid("a store in S3 is named s3://bucket/prefix")
        }
        let rest = url.dropFirst("s3://".count)
        let bucket = rest.prefix { $0 != "/" }
        func setting(_ names: String...) -> String? {
            names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        try self.init(
            bucket: String(bucket), prefix: String(rest.dropFirst(bucket.count)),
            region: setting("AWS_REGION", "AWS_DEFAULT_REGION") ?? "us-east-1",
            endpoint: setting("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"))
    }

    /// `s3://bucket/prefix`.
    public var description: String {
        prefix.isEmpty ? "s3://\(bucket)" : "s3://\(bucket)/\(prefix)"
    }

    /// Scheme and authority of requests, and the path of the bucket in it.
    ///
    /// Amazon wants the bucket in the host's name; other services are asked by path, which asks nothing of
    /// their names. A dot in a bucket would not fit Amazon's certificate.
    var base: (origin: String, host: String, path: String) {
        if let endpoint {
            let host = endpoint.drop { $0 != "/" }.dropFirst(2)
            return (endpoint, String(host), "/\(bucket)")
        }
        let service = "s3.\(region).amazonaws.com"
        if bucket.contains(".") { return ("https://\(service)", service, "/\(bucket)") }
        return ("https://\(bucket).\(service)", "\(bucket).\(service)", "")
    }

    /// The key of a name in the bucket.
    func key(_ name: String) -> String { prefix.isEmpty ? name : "\(prefix)/\(name)" }

    /// Three to 63 of `[a-z0-9.-]`, a letter or digit at both ends.
    private static func isBucket(_ text: String) -> Bool {
        func isEdge(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard (3...63).contains(text.utf8.count), let first = text.utf8.first,
            let last = text.utf8.last, isEdge(first), isEdge(last)
        else { return false }
        return text.utf8.allSatisfy {
            isEdge($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
        }
    }

    private static func invalid(_ message: String) -> DataflowError {
        DataflowError(.invalidConfiguration, domain: .user, message)
    }
}
