import Compression
import Records
import Serving
import Testing

@Suite("HTTP door")
struct IngestServerTests {
    static let echo = HTTPRoute.post("/echo") { IngestReply(status: 200, body: $0.body) }

    static func code(_ reply: RawReply) -> String? {
        let prefix = #"{"error":{"code":""#
        guard reply.text.hasPrefix(prefix) else { return nil }
        return reply.text.dropFirst(prefix.count).split(separator: "\"").first.map(String.init)
    }

    @Test("a body reaches the handler as it was sent, plain, chunked or compressed")
    func bodies() async throws {
        try await withServer([Self.echo]) { server, port in
            let body = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
            let plain = try await exchange(port, "POST", "/echo", body: body)
            #expect(plain.status == 200 && plain.body == body)
            let packed = try await exchange(
                port, "POST", "/echo", headers: ["Content-Encoding: gzip"],
                body: try Codec.gzip.compress(body))
            #expect(packed.status == 200 && packed.body == body)
            let empty = try await exchange(port, "POST", "/echo")
            #expect(empty.status == 200 && empty.body.isEmpty)

            let connection = try RawConnection(port: port)
            connection.send(
                "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
            #expect(await connection.reply()?.text == "abcde")
            connection.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok")
            #expect(await connection.reply()?.text == "ok", "the connection is kept alive")
            connection.close()
            #expect(server.statistics.replies == [200: 5])
            #expect(server.statistics.bodyBytes == 400_007)
        }
    }

    @Test("what is too large is refused with 413, however it comes")
    func tooLarge() async throws {
        try await withServer([Self.echo]) {
            $0.bodyBytes = 1_000
            $0.decompressedBytes = 5_000
        } _: { _, port in
            let declared = try await exchange(
                port, "POST", "/echo", body: Array(repeating: 65, count: 1_001))
            #expect(declared.status == 413 && Self.code(declared) == "too-large")
            #expect(declared.headers["connection"] == "close")
            let bomb = try await exchange(
                port, "POST", "/echo", headers: ["Content-Encoding: gzip"],
                body: try Codec.gzip.compress(Array(repeating: 65, count: 100_000)))
            #expect(bomb.status == 413 && Self.code(bomb) == "too-large")
            let fitting = try await exchange(
                port, "POST", "/echo", body: Array(repeating: 65, count: 1_000))
            #expect(fitting.status == 200)

            let endless = try RawConnection(port: port)
            endless.send("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = "400\r\n" + String(repeating: "x", count: 1_024) + "\r\n"
            endless.send(chunk + chunk)
            #expect(await endless.reply()?.status == 413)
            // The server closes, although the client would go on.
            #expect(await endless.receive()?.isEmpty == true)
            endless.close()
        }
    }

    @Test(
        "what can't be decompressed is refused",
        arguments: [
            ("gzip", "not gzip at all", 400, "bad-gzip"), ("gzip", "\u{1f}", 400, "bad-gzip"),
            ("br", "x", 415, "unsupported-encoding"), ("deflate", "x", 415, "unsupported-encoding"),
            ("gzip, gzip", "x", 415, "unsupported-encoding"),
        ])
    func encodings(encoding: String, body: String, status: Int, code: String) async throws {
        try await withServer([Self.echo]) { _, port in
            let reply = try await exchange(
                port, "POST", "/echo", headers: ["Content-Encoding: \(encoding)"],
                body: Array(body.utf8))
            #expect(reply.status == status)
            #expect(Self.code(reply) == code)
            #expect(reply.headers["content-type"] == "application/json")
        }
    }

    @Test("paths, methods and queries that mean nothing are told apart")
    func routing() async throws {
        let item = HTTPRoute.get("/v1/items/{id}/x") { request in
            let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: ";")
            return .text(200, "\(request.parameters["id"] ?? "") \(query)")
        }
        try await withServer([Self.echo, item]) { _, port in
            func reply(_ method: String, _ target: String) async throws -> RawReply {
                try await exchange(port, method, target)
            }
            #expect(
                try await reply("GET", "/v1/items/a%2Fb%20c/x?q=1%2B+2&&r").text
                    == "a/b c q=1++2;r=")
            #expect(try await reply("GET", "/v1/items//x").status == 404)
            #expect(try await reply("GET", "/v1/items/a/x/").status == 404)
            #expect(try await Self.code(reply("GET", "/nowhere")) == "not-found")
            #expect(try await Self.code(reply("GET", "/v1/items/%zz/x")) == "bad-path")
            #expect(try await Self.code(reply("GET", "/v1/items/%ff/x")) == "bad-path")
            #expect(try await Self.code(reply("GET", "/v1/items/a/x?q=%4")) == "bad-query")
            let wrong = try await reply("GET", "/echo")
            #expect(wrong.status == 405 && wrong.headers["allow"] == "POST")
            let wrongRead = try await reply("PUT", "/v1/items/a/x")
            #expect(wrongRead.status == 405 && wrongRead.headers["allow"] == "GET, HEAD")
            let head = try await reply("HEAD", "/healthz")
            #expect(head.status == 200 && head.body.suffix(4) == Array("\r\n\r\n".utf8))
        }
    }

    @Test("health and metrics are answered, also while the server is at its bound")
    func health() async throws {
        let latch = Latch()
        let slow = HTTPRoute.post("/slow") { _ in
            await latch.pass()
            return IngestReply(status: 202)
        }
        try await withServer([slow], metrics: "up 1\n") {
            $0.concurrentRequests = 1
            $0.retryAfterSeconds = 3
        } _: { server, port in
            async let first = exchange(port, "POST", "/slow", body: [1])
            await latch.arrivals(1)
            let second = try await exchange(port, "POST", "/slow", body: [2])
            #expect(second.status == 503 && Self.code(second) == "busy")
            #expect(second.headers["retry-after"] == "3")
            #expect(try await exchange(port, "GET", "/healthz").text == #"{"status":"ok"}"#)
            let metrics = try await exchange(port, "GET", "/metrics")
            #expect(metrics.text == "up 1\n")
            #expect(metrics.headers["content-type"]?.hasPrefix("text/plain") == true)
            #expect(server.statistics.inFlight == 1 && server.statistics.busy == 1)
            latch.open()
            #expect(try await first.status == 202)
            #expect(try await exchange(port, "POST", "/slow", body: [3]).status == 202)
            #expect(server.statistics.exposition.contains("requests_total{status=\"503\"} 1\n"))
        }
    }

    @Test("bodies past what may be held are told to come again")
    func heldBytes() async throws {
        let latch = Latch()
        let slow = HTTPRoute.post("/slow") { _ in
            await latch.pass()
            return IngestReply(status: 202)
        }
        try await withServer([slow]) {
            $0.heldBodyBytes = 1_500
        } _: { _, port in
            let body = [UInt8](repeating: 65, count: 1_000)
            async let first = exchange(port, "POST", "/slow", body: body)
            await latch.arrivals(1)
            let second = try await exchange(port, "POST", "/slow", body: body)
            #expect(second.status == 503 && Self.code(second) == "busy")
            latch.open()
            #expect(try await first.status == 202)
            #expect(try await exchange(port, "POST", "/slow", body: body).status == 202)
        }
    }

    @Test("the reply is sent only when the handler has returned")
    func acknowledgement() async throws {
        let latch = Latch()
        let steps = Counter()
        let route = HTTPRoute.post("/in") { _ in
            await latch.pass()
            steps.add(1)
            return .outcome(accepted: 1, rejected: [])
        }
        try await withServer([route]) { _, port in
            async let reply = exchange(port, "POST", "/in", body: [1])
            await latch.arrivals(1)
            #expect(steps.value == 0)
            latch.open()
            let text = try await reply.text
            #expect(text == #"{"accepted":1,"rejected":0}"#)
            #expect(steps.value == 1)
        }
    }

    @Test("a handler that takes too long is answered for, and keeps its place until it is done")
    func slowHandler() async throws {
        let latch = Latch()
        let slow = HTTPRoute.post("/slow") { _ in
            await latch.pass()
            return IngestReply(status: 202)
        }
        try await withServer([slow]) {
            $0.requestSeconds = 0.1
            $0.concurrentRequests = 1
        } _: { server, port in
            var reply = try await exchange(port, "POST", "/slow", body: [1])
            var attempts = 1
            // A slow machine may not have read the body by then, which is another test's matter.
            while reply.status == 408, attempts < 100 {
                reply = try await exchange(port, "POST", "/slow", body: [1])
                attempts += 1
            }
            #expect(reply.status == 503 && Self.code(reply) == "timeout")
            #expect(reply.headers["retry-after"] == "1")
            #expect(server.statistics.timedOut == attempts)
            #expect(server.statistics.inFlight == 1)
            #expect(try await Self.code(exchange(port, "POST", "/slow", body: [1])) == "busy")
            latch.open()
        }
    }

    @Test("a body that doesn't come in time ends the request")
    func slowBody() async throws {
        try await withServer([Self.echo]) {
            $0.requestSeconds = 0.1
        } _: { server, port in
            let slow = try RawConnection(port: port)
            slow.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
            let reply = await slow.reply()
            #expect(reply?.status == 408)
            #expect(reply?.headers["connection"] == "close")
            slow.close()
            #expect(server.statistics.timedOut == 1)
        }
    }

    @Test("a body that is cut off ends the request, and the next one is served")
    func cutBody() async throws {
        try await withServer([Self.echo]) { _, port in
            let cut = try RawConnection(port: port)
            cut.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
            cut.finish()
            let refused = RawConnection.parse(try #require(await cut.receive()))
            #expect(refused == nil || refused?.status == 400)
            cut.close()
            #expect(try await exchange(port, "POST", "/echo", body: [65]).text == "A")
        }
    }

    @Test("a client that asks first is told to go on, unless its body will be refused")
    func expectContinue() async throws {
        try await withServer([Self.echo]) {
            $0.bodyBytes = 100
        } _: { _, port in
            let asking = try RawConnection(port: port)
            let head = "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
            asking.send(head + "Content-Length: 2\r\n\r\n")
            let goOn = try #require(
                await asking.receive { $0.suffix(4) == Array("\r\n\r\n".utf8) })
            #expect(String(decoding: goOn, as: UTF8.self).hasPrefix("HTTP/1.1 100 "))
            asking.send("ok")
            #expect(await asking.reply()?.text == "ok")
            asking.close()
            let large = try RawConnection(port: port)
            large.send(head + "Content-Length: 200\r\n\r\n")
            #expect(await large.reply()?.status == 413)
            large.close()
        }
    }

    @Test("settings that make no sense are refused, all at once")
    func badSettings() {
        var configuration = IngestServerConfiguration()
        configuration.port = 70_000
        configuration.bodyBytes = 0
        configuration.idleSeconds = .nan
        let error = #expect(throws: DataflowError.self) {
            try IngestServer(configuration, routes: [])
        }
        #expect(error?.code == .invalidConfiguration)
        for word in ["port 70000", "bodyBytes 0", "idleSeconds nan"] {
            #expect(error?.message.contains(word) == true)
        }
    }
}
