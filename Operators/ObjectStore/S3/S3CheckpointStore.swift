internal import Foundation
public import Records
public import State

/// Checkpoints as objects of an S3-compatible service.
///
/// A blob is one `PUT` with `If-None-Match: *`, which the service refuses when the name is taken: it stands
/// for the whole blob or for nothing, and of many who create one name one succeeds. The service must know
/// that header (Amazon S3 since 2024, MinIO, Ceph); ``init(_:credentials:now:pause:)`` doesn't check it,
/// ``verify()`` does.
public final class S3CheckpointStore: CheckpointStore {
    /// The largest blob, in bytes.
    public static let maximumBlobBytes = S3Client.maximumAnswerBytes
    /// The most pages of a list that are read, a thousand names each.
    static let maximumPages = 1_000

    private let location: S3Location
    private let client: S3Client

    /// Opens a store; nothing is asked of the service yet.
    ///
    /// - Parameters:
    ///   - credentials: read now, and again when the service finds them expired.
    ///   - now: the time, for signatures; nil: the wall clock's.
    ///   - pause: waits between two attempts of a request; nil: sleeps.
    /// - Throws: what `credentials` throws.
    public init(
        _ location: S3Location, credentials: @escaping @Sendable () throws -> S3Credentials,
        now: (@Sendable () -> EventTime)? = nil,
        pause: (@Sendable (_ milliseconds: Int) -> Void)? = nil
    ) throws {
        self.location = location
        let now =
            now ?? { EventTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) }
        let pause = pause ?? { Thread.sleep(forTimeInterval: Double($0) / 1_000) }
        client = try S3Client(location, credentials: credentials, now: now, pause: pause)
    }

    /// Opens the store of `s3://bucket[/prefix]` by the environment's settings and checks that it can be used.
    ///
    /// - Throws: `.invalidConfiguration`, `.storeUnavailable`.
    public convenience init(url: String, environment: [String: String]) throws {
        try self.init(S3Location(url: url, environment: environment)) {
            try S3Credentials(environment: environment)
        }
        try verify()
    }

    /// The blob that ``verify()`` leaves.
    private static let probe = "millrace-probe"

    /// Checks that the service takes blobs and refuses a name that is taken.
    ///
    /// - Throws: `.storeUnavailable` when it can't be reached or refuses, `.invalidConfiguration` when it
    ///   overwrites.
    public func verify() throws {
        for _ in 0..<2 {
            do {
                try create(S3CheckpointStore.probe, [1])
            } catch let error as DataflowError where error.code == .invariant {
                return
            }
        }
        throw DataflowError(
            .invalidConfiguration, domain: .user,
            "\(location) overwrites objects in spite of If-None-Match: two owners of a checkpoint's name "
                + "would not notice each other; a service that knows that header is needed")
    }

    /// Writes a blob under a free name.
    public func create(_ name: String, _ bytes: [UInt8]) throws {
        _ = try CheckpointName.parts(of: name)
        guard bytes.count <= S3CheckpointStore.maximumBlobBytes else {
            throw DataflowError(
                .limitExceeded, domain: .user,
                "checkpoint \(name) has \(bytes.count) bytes; the bound is "
                    + "\(S3CheckpointStore.maximumBlobBytes)")
        }
        let answer = try client.send(
            "PUT", key: location.key(name), headers: [("if-none-match", "*")], body: bytes,
            expected: [200, 412])
        guard answer.status == 200 else {
            throw DataflowError(.invariant, domain: .internal, "checkpoint \(name) exists already")
        }
    }

    /// Reads a blob; nil when there is none of that name.
    public func read(_ name: String) throws -> [UInt8]? {
        _ = try CheckpointName.parts(of: name)
        let answer = try client.send("GET", key: location.key(name), expected: [200, 404])
        if answer.status == 200 { return answer.body }
        if S3Listing(answer.body)?.errorCode == "NoSuchBucket" { throw noBucket() }
        return nil
    }

    /// The names that begin with `prefix`, sorted.
    public func list(prefix: String) throws -> [String] {
        let root = location.key("")
        var names: [String] = []
        var continuation: String?
        for _ in 0..<S3CheckpointStore.maximumPages {
            var query = [(name: "list-type", value: "2"), ("prefix", root + prefix)]
            if let continuation { query.append(("continuation-token", continuation)) }
            let answer = try client.send("GET", key: nil, query: query, expected: [200])
            guard let page = S3Listing(answer.body) else {
                throw DataflowError(
                    .storeUnavailable, domain: .external, retry: .backoff,
                    "\(location) answered a list with what is no XML")
            }
            names += page.keys.map { String($0.dropFirst(root.count)) }
            guard let next = page.continuation else {
                return names.filter {
                    $0 != S3CheckpointStore.probe && (try? CheckpointName.parts(of: $0)) != nil
                }.sorted()
            }
            continuation = next
        }
        throw DataflowError(
            .limitExceeded, domain: .external,
            "\(location) holds more than \(S3CheckpointStore.maximumPages) pages of names that begin "
                + "with \(prefix)")
    }

    /// Removes a blob; one that is not there is no error.
    public func delete(_ name: String) throws {
        _ = try CheckpointName.parts(of: name)
        let answer = try client.send(
            "DELETE", key: location.key(name), expected: [200, 204, 404])
        if S3Listing(answer.body)?.errorCode == "NoSuchBucket" { throw noBucket() }
    }

    private func noBucket() -> DataflowError {
        DataflowError(
            .storeUnavailable, domain: .user, "the bucket \(location.bucket) does not exist")
    }
}
