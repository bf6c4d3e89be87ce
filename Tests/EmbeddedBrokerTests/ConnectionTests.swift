import BrokerModel
import EmbeddedBroker
import Foundation
import Synchronization
import Testing

@Suite("Connections", .serialized)
struct ConnectionTests {
    private static let idle = 200
    private static let busy: Int32 = 50
    private static let rounds = 20

    private static func createTopic(_ port: Int, partitions: Int32) throws {
        var request = CreateTopicsRequest()
        var topic = CreateTopicsRequest.CreatableTopic()
        topic.name = "t"
        topic.numPartitions = partitions
        topic.replicationFactor = 1
        request.topics = [topic]
        let response = try RawClient(port: port).ask(request, CreateTopicsResponse.self)
        #expect(response.topics[0].errorCode == 0)
    }

    /// Writes and reads back what was written, again and again.
    private static func work(_ port: Int, partition: Int32) throws {
        let client = try RawClient(port: port)
        let values = (0..<100).map { "\(partition) \($0) " + String(repeating: "x", count: 80) }
        let batch = TestBroker.batch(values)
        for round in 0..<rounds {
            let produced = try client.ask(
                TestBroker.produceRequest(batch, topic: "t", partition: partition),
                ProduceResponse.self)
            let offset = produced.responses[0].partitionResponses[0].baseOffset
            guard offset == Int64(round * 100) else {
                throw RawClient.Failure(what: "offset \(offset)", number: 0)
            }
            let fetch = TestBroker.fetchRequest(
                topic: "t", partition: partition, from: offset, isCommitted: false, maxWait: 1_000)
            let fetched = try client.ask(fetch, FetchResponse.self, version: 11)
            guard case .frame(let range) = fetched.responses[0].partitions[0].records,
                range.count == batch.count
            else { throw RawClient.Failure(what: "a batch of another size", number: 0) }
        }
    }

    @Test("200 idle ones, each amidst a request, do not keep 50 busy ones from their work")
    func idleAndBusy() async {
        // In a process of its own, whose memory no other suite fills.
        await #expect(processExitsWith: .success) { try await ConnectionTests.runIdleAndBusy() }
    }

    private static func runIdleAndBusy() async throws {
        try await ClientTests.withBroker { broker in
            let port = broker.port
            try Self.createTopic(port, partitions: Self.busy)
            let before = FuzzTests.residentBytes()
            let idle = try (0..<Self.idle).map { _ in try RawClient(port: port) }
            var rests: [ArraySlice<UInt8>] = []
            for client in idle {
                _ = try client.ask(ApiVersionsRequest(), ApiVersionsResponse.self)
                let frame = client.frame(MetadataRequest())
                try client.send(frame.prefix(6))
                rests.append(frame.dropFirst(6))
            }
            let failures = Mutex<[String]>([])
            let group = DispatchGroup()
            for partition in 0..<Self.busy {
                group.enter()
                Thread.detachNewThread {
                    do { try Self.work(port, partition: partition) } catch {
                        failures.withLock { $0.append("\(partition): \(error)") }
                    }
                    group.leave()
                }
            }
            group.wait()
            #expect(failures.withLock { $0 }.isEmpty)
            #expect(FuzzTests.residentBytes() - before < 64 << 20)
            for (client, rest) in zip(idle, rests) {
                try client.send(rest)
                #expect(try client.receive().count > 8)
            }
        }
    }

    @Test("one that asks and never reads is not read any more, and gets every answer in the end")
    func unread() async {
        await #expect(processExitsWith: .success) { try await ConnectionTests.runUnread() }
    }

    private static func runUnread() async throws {
        try await ClientTests.withBroker { broker in
            try Self.createTopic(broker.port, partitions: 1)
            let writer = try RawClient(port: broker.port)
            let batch = TestBroker.batch([String(repeating: "x", count: 30_000)])
            let request = TestBroker.produceRequest(batch, topic: "t")
            _ = try writer.ask(request, ProduceResponse.self)
            let client = try RawClient(port: broker.port)
            var fetch = TestBroker.fetchRequest(topic: "t", from: 0, isCommitted: false)
            // Large requests, so that the buffers of the sockets don't hold all of them.
            fetch.rackID = String(repeating: "r", count: 20_000)
            let size = client.frame(fetch, version: 11).count
            var bytes: [UInt8] = []
            for _ in 0..<4_000 { bytes += client.frame(fetch, version: 11) }
            let before = FuzzTests.residentBytes()
            let sent = try client.sendUntilStopped(bytes, patienceMilliseconds: 300)
            #expect(sent < bytes.count)
            // The others don't wait for it.
            _ = try writer.ask(request, ProduceResponse.self)
            // All answers would be 120 MB.
            #expect(FuzzTests.residentBytes() - before < 64 << 20)
            for _ in 0..<sent / size { #expect(try client.receive().count > 30_000) }
        }
    }
}
