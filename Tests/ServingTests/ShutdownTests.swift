import Records
import ServiceLifecycle
import Serving
import Testing

@Suite("Starting and stopping the HTTP door")
struct ShutdownTests {
    static func configuration(drain: Double) -> IngestServerConfiguration {
        var configuration = IngestServerConfiguration()
        configuration.port = 0
        configuration.drainSeconds = drain
        configuration.requestSeconds = patientSeconds
        return configuration
    }

    static func group(_ server: IngestServer) -> ServiceGroup {
        ServiceGroup(
            configuration: .init(
                services: [
                    .init(
                        service: server, successTerminationBehavior: .gracefullyShutdownGroup)
                ], logger: quietLogger))
    }

    @Test("a graceful shutdown accepts nothing new and lets requests finish")
    func graceful() async throws {
        let latch = Latch()
        let server = try IngestServer(
            Self.configuration(drain: 60),
            routes: [
                .post("/slow") { _ in
                    await latch.pass()
                    return .outcome(accepted: 1, rejected: [])
                }
            ], logger: quietLogger)
        let services = Self.group(server)
        async let run: Void = services.run()
        let port = try await server.port
        let idle = try RawConnection(port: port)
        async let reply = exchange(port, "POST", "/slow", body: [1])
        await latch.arrivals(1)
        await services.triggerGracefulShutdown()
        #expect(await idle.receive()?.isEmpty == true, "idle connections are closed")
        idle.close()
        #expect(throws: RawConnection.Failure.self) { try RawConnection(port: port).close() }
        latch.open()
        #expect(try await reply.status == 202)
        try await run
    }

    @Test("a shutdown does not wait longer than it may")
    func bounded() async throws {
        let latch = Latch()
        let server = try IngestServer(
            Self.configuration(drain: 0.1),
            routes: [
                .post("/slow") { _ in
                    await latch.pass()
                    return IngestReply(status: 202)
                }
            ], logger: quietLogger)
        let services = Self.group(server)
        async let run: Void = services.run()
        let connection = try RawConnection(port: try await server.port)
        connection.send("POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx")
        await latch.arrivals(1)
        await services.triggerGracefulShutdown()
        try await run
        let received = RawConnection.parse(try #require(await connection.receive()))
        #expect(received == nil || received?.status == 503)
        connection.close()
        latch.open()
    }

    @Test("a port that is taken is an error for who runs and for who asks for the port")
    func portTaken() async throws {
        try await withServer([]) { _, port in
            var configuration = Self.configuration(drain: 1)
            configuration.port = port
            let second = try IngestServer(configuration, routes: [], logger: quietLogger)
            let error = await #expect(throws: DataflowError.self) { try await second.run() }
            #expect(error?.message.contains("127.0.0.1:\(port)") == true)
            #expect(error?.domain == .external)
            await #expect(throws: DataflowError.self) { try await second.port }
        }
    }
}
