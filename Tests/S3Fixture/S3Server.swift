internal import Foundation
internal import Glibc
package import ObjectStore
internal import Synchronization

/// `moto`, a service that speaks S3, in a process of its own.
package final class S3Server: Sendable {
    /// The interpreter that has `moto`; nil: nobody installed it.
    package static let python = ProcessInfo.processInfo.environment["MILLRACE_PYTHON"].flatMap {
        path in
        let server = URL(fileURLWithPath: path).deletingLastPathComponent()
            .appendingPathComponent("moto_server").path
        return FileManager.default.isExecutableFile(atPath: server) ? path : nil
    }

    /// The one that all cases of this process share; it ends with the process.
    package static let shared = Result { try S3Server() }

    package let endpoint: String
    private static let places = Atomic<Int>(0)

    private init() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: S3Server.python ?? "/bin/false")
        process.arguments = ["-c", S3Server.script]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        var text = ""
        while !text.contains("\n") {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { throw CocoaError(.fileReadUnknown) }
            text += String(decoding: data, as: UTF8.self)
        }
        endpoint = "http://127.0.0.1:\(text.prefix { $0 != "\n" })"
    }

    /// One request at a time, as moto looks for a name and takes it in two steps.
    ///
    /// It watches its parent, so that no run of the tests leaves it behind.
    private static let script = """
        import os, threading, time, urllib.request
        from moto.server import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server
        parent = os.getppid()
        server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/\(bucket)"
        urllib.request.urlopen(urllib.request.Request(url, method="PUT"))
        print(server.server_address[1], flush=True)
        while os.getppid() == parent:
            time.sleep(1)
        """

    /// The bucket that all share.
    package static let bucket = "millrace-test"
    package static let credentials = S3Credentials(accessKey: accessKey, secretKey: secretKey)
    private static let accessKey = "test"
    private static let secretKey = "secret"

    /// What a process is told that keeps its checkpoints here.
    package var environment: [String: String] {
        [
            "AWS_ENDPOINT_URL_S3": endpoint, "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": S3Server.accessKey, "AWS_SECRET_ACCESS_KEY": S3Server.secretKey,
        ]
    }

    /// A place of its own for each caller.
    package func makeLocation() throws -> S3Location {
        let number = S3Server.places.wrappingAdd(1, ordering: .relaxed).newValue
        return try S3Location(
            bucket: S3Server.bucket, prefix: "place-\(number)/deep", region: "us-east-1",
            endpoint: endpoint)
    }
}
