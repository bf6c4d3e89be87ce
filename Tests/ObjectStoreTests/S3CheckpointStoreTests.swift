import Foundation
import Records
import S3Fixture
import State
import StoreContract
import Synchronization
import Testing

@testable import ObjectStore

@Suite("Checkpoints in S3")
struct S3CheckpointStoreTests {
    private static let time = EventTime(iso8601: "2013-05-24T00:00:00Z")

    private static func store(
        _ location: S3Location, pauses: PauseLog = PauseLog(),
        credentials: @escaping @Sendable () throws -> S3Credentials = { S3Server.credentials }
    ) throws -> S3CheckpointStore {
        try S3CheckpointStore(location, credentials: credentials, pause: { pauses.note($0) })
    }

    @Test(
        "keeps the contract",
        .enabled(
            if: S3Server.python != nil, "MILLRACE_PYTHON has no moto_server; .ci/test installs it"),
        arguments: CheckpointStoreContract.allCases)
    func contract(promise: CheckpointStoreContract) async throws {
        let store = try Self.store(try S3Server.shared.get().makeLocation())
        try store.verify()
        try await promise.check(store)
    }

    @Test(
        "stores of other prefixes don't see each other; a list has pages; a missing bucket is told",
        .enabled(
            if: S3Server.python != nil, "MILLRACE_PYTHON has no moto_server; .ci/test installs it"))
    func places() async throws {
        let server = try S3Server.shared.get()
        let (one, other) = (
            try Self.store(try server.makeLocation()), try Self.store(try server.makeLocation())
        )
        let names = (0..<1_100).map { "run/\(10_000 + $0)" }
        for name in names { try one.create(name, [1]) }
        #expect(try one.list(prefix: "run/") == names)
        #expect(try other.list(prefix: "") == [])
        let nowhere = try Self.store(
            try S3Location(
                bucket: "not-there", region: "us-east-1", endpoint: server.endpoint))
        for ask in [
            { try nowhere.verify() }, { _ = try nowhere.read("a") },
            { _ = try nowhere.list(prefix: "") },
        ] {
            let error = #expect(throws: DataflowError.self) { try ask() }
            #expect(error?.code == .storeUnavailable && error?.retry == .never)
        }
    }

    // MARK: A service that fails

    private static func location(_ server: ScriptedServer) throws -> S3Location {
        try S3Location(
            bucket: "bucket", prefix: "p", region: "r", endpoint: "http://127.0.0.1:\(server.port)")
    }

    @Test("a service that is busy, or that hangs up, is asked again behind growing pauses")
    func asksAgain() throws {
        let server = try ScriptedServer([
            ("503 Slow Down", "<Error><Code>SlowDown</Code></Error>"), nil,
            ("409 Conflict", "<Error><Code>ConditionalRequestConflict</Code></Error>"),
            ("200 OK", ""),
        ])
        let pauses = PauseLog()
        try Self.store(try Self.location(server), pauses: pauses).create("run/a", [1, 2, 3])
        #expect(server.requests.count == 4)
        #expect(server.requests.allSatisfy { $0.hasPrefix("PUT /bucket/p/run/a HTTP/1.1\r\n") })
        #expect(server.requests.allSatisfy { $0.lowercased().contains("if-none-match: *\r\n") })
        #expect(pauses.all.count == 3)
        #expect(zip(pauses.all, [50, 100, 200]).allSatisfy { $0 >= $1 && $0 <= 2 * $1 })
    }

    @Test("a service that stays away is given up, for the runtime to come back later")
    func givesUp() throws {
        let busy = ("500 Internal Server Error", "")
        let server = try ScriptedServer(
            Array(repeating: busy, count: S3Client.maximumAttempts))
        let error = #expect(throws: DataflowError.self) {
            try Self.store(try Self.location(server)).create("a", [1])
        }
        #expect(error?.code == .storeUnavailable && error?.retry == .backoff)
        #expect(server.requests.count == S3Client.maximumAttempts)
    }

    @Test("a refusal is final and tells no secret")
    func refusal() throws {
        let server = try ScriptedServer([
            ("403 Forbidden", "<Error><Code>SignatureDoesNotMatch</Code></Error>")
        ])
        let error = #expect(throws: DataflowError.self) {
            _ = try Self.store(try Self.location(server)).read("a")
        }
        #expect(error?.retry == .never)
        #expect(error?.message.contains("SignatureDoesNotMatch") == true)
        #expect("\(String(describing: error)) \(S3Server.credentials)".contains("secret") == false)
    }

    @Test("credentials that have expired are read again")
    func renewal() throws {
        let expired = ("400 Bad Request", "<Error><Code>ExpiredToken</Code></Error>")
        let server = try ScriptedServer([expired, ("200 OK", "abc")])
        let reads = Atomic<Int>(0)
        let store = try Self.store(try Self.location(server)) {
            let number = reads.add(1, ordering: .relaxed).newValue
            return S3Credentials(accessKey: "key-\(number)", secretKey: "s", sessionToken: "t")
        }
        #expect(try store.read("a") == Array("abc".utf8))
        #expect(server.requests.map { $0.contains("Credential=key-2/") } == [false, true])
    }

    @Test("a service that overwrites in spite of the header is refused")
    func overwriting() throws {
        let server = try ScriptedServer([("200 OK", ""), ("200 OK", "")])
        let error = #expect(throws: DataflowError.self) {
            try Self.store(try Self.location(server)).verify()
        }
        #expect(error?.code == .invalidConfiguration)
    }

    // MARK: Settings

    @Test("signatures are those of Amazon's documentation")
    func signatures() throws {
        let signature = S3Signature(
            credentials: S3Credentials(
                accessKey: "AKIAIOSFODNN7EXAMPLE",
                secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), region: "us-east-1")
        let host = (name: "host", value: "examplebucket.s3.amazonaws.com")
        let cases: [(S3Signature.Request, String)] = [
            (
                S3Signature.Request(
                    method: "GET", path: "/test.txt", headers: [host, ("range", "bytes=0-9")]),
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
            ),
            (
                S3Signature.Request(
                    method: "GET", path: "/", query: [("lifecycle", "")], headers: [host]),
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
            ),
            (
                S3Signature.Request(
                    method: "GET", path: "/", query: [("prefix", "J"), ("max-keys", "2")],
                    headers: [host]),
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
            ),
        ]
        for (request, expected) in cases {
            let headers = signature.headers(of: request, at: try #require(Self.time))
            let value = headers.first { $0.name == "authorization" }?.value
            #expect(value?.hasSuffix("Signature=\(expected)") == true)
        }
    }

    @Test("a place is read from a URL and the environment")
    func locations() throws {
        let amazon = try S3Location(
            url: "s3://bucket-1/a/b/", environment: ["AWS_REGION": "eu-central-1"])
        #expect(amazon.prefix == "a/b" && amazon.description == "s3://bucket-1/a/b")
        #expect(amazon.base.origin == "https://bucket-1.s3.eu-central-1.amazonaws.com")
        let own = try S3Location(
            url: "s3://bucket", environment: ["AWS_ENDPOINT_URL_S3": "http://minio:9000/"])
        #expect(own.base.origin == "http://minio:9000" && own.base.path == "/bucket")
        #expect(own.base.host == "minio:9000" && own.key("x") == "x")
        for url in ["s3://", "s3://A", "s3://ab", "s3://bucket/a//b", "s3://bucket/ä", "/tmp"] {
            #expect(throws: DataflowError.self, "\(url)") {
                try S3Location(url: url, environment: [:])
            }
        }
        #expect(throws: DataflowError.self) {
            try S3Location(url: "s3://abc", environment: ["AWS_ENDPOINT_URL": "ftp://x"])
        }
    }

    @Test("credentials come from the environment or from a file's profile")
    func credentials() throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-credentials-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try """
        [default]
        aws_access_key_id = A
        aws_secret_access_key = B
        [other]
        # a comment
        AWS_ACCESS_KEY_ID=C
        aws_secret_access_key=D=
        aws_session_token = E
        """.write(toFile: path, atomically: true, encoding: .utf8)
        let file = ["AWS_SHARED_CREDENTIALS_FILE": path]
        #expect(
            try S3Credentials(environment: file) == S3Credentials(accessKey: "A", secretKey: "B"))
        #expect(
            try S3Credentials(environment: file.merging(["AWS_PROFILE": "other"]) { $1 })
                == S3Credentials(accessKey: "C", secretKey: "D=", sessionToken: "E"))
        #expect(
            try S3Credentials(
                environment: file.merging([
                    "AWS_ACCESS_KEY_ID": "F", "AWS_SECRET_ACCESS_KEY": "G",
                ]) { $1 }) == S3Credentials(accessKey: "F", secretKey: "G"))
        for environment in [
            [:], ["AWS_ACCESS_KEY_ID": "A"], file.merging(["AWS_PROFILE": "none"]) { $1 },
        ] {
            let error = #expect(throws: DataflowError.self) {
                try S3Credentials(environment: environment)
            }
            #expect(error?.code == .invalidConfiguration)
        }
    }
}

/// The pauses that a store asked for, none of which was made.
final class PauseLog: Sendable {
    private let pauses = Mutex<[Int]>([])
    func note(_ milliseconds: Int) { pauses.withLock { $0.append(milliseconds) } }
    var all: [Int] { pauses.withLock { $0 } }
}
