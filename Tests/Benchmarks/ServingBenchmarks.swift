import Foundation
import LocationIngest
import Logging
import Records
import Serving
import SwiftProtobuf
import Synchronization

/// `serving.*`: the HTTP door, from a request's bytes to records.
enum ServingBenchmarks {
    static var all: [Benchmark] {
        [
            Benchmark(name: "serving.decode", run: decode),
            Benchmark(name: "serving.record", run: record),
            Benchmark(name: "serving.http", run: http),
        ]
    }

    static let now = EventTime(milliseconds: 1_479_827_400_000)

    /// A batch such as phones send: coordinates of `decimals` digits behind the point.
    static func batch(_ random: inout SeededGenerator, points: Int, decimals: Double?)
        -> LocationBatch
    {
        var batch = LocationBatch(
            userID: "user-\(random.next() % 100_000)", userMode: .active, navigationMode: .driving)
        for _ in 0..<points {
            func rounded(_ value: Double) -> Double {
                decimals.map { (value * $0).rounded() / $0 } ?? value
            }
            batch.points.append(
                .init(
                    latitude: rounded(49 + random.unit()), longitude: rounded(8 + random.unit()),
                    observedAt: now.advanced(byMilliseconds: -Int64(random.next() % 60_000))))
        }
        return batch
    }

    private struct Body: Decodable {
        var user_id: String
        var user_mode: String
        var navigation_mode: String
        var locs: [[Double]]
    }

    private static func decode(_ report: inout BenchmarkReport) throws {
        for (name, decimals, points) in [
            ("6-decimals", 1e6, 100), ("shortest", nil, 100), ("6-decimals.5-points", 1e6, 5),
        ] as [(String, Double?, Int)] {
            var random = SeededGenerator(seed: 1)
            let bodies = (0..<(20_000 / points)).map { _ in
                batch(&random, points: points, decimals: decimals).json()
            }
            let count = Double(bodies.count * points)
            let decoder = LocationBatchDecoder()
            let own = try medianSeconds {
                for body in bodies {
                    let decoded = try decoder.decode(body, now: now)
                    precondition(decoded.accepted.count == points)
                    keep(decoded)
                }
            }
            let documents = bodies.map { Data($0) }
            let json = JSONDecoder()
            let foundation = try medianSeconds {
                for document in documents { keep(try json.decode(Body.self, from: document)) }
            }
            let tree = try medianSeconds {
                for document in documents { keep(try JSONSerialization.jsonObject(with: document)) }
            }
            report.add(
                "serving.decode.\(name)", own / count * 1e9, unit: "ns/point",
                floor: foundation / count * 1e9, higherIsBetter: false)
            report.add(
                "serving.decode.\(name).tree", own / count * 1e9, unit: "ns/point",
                floor: tree / count * 1e9, higherIsBetter: false)
        }
        report.remark("the floors are JSONDecoder and, in the rows .tree, JSONSerialization")
    }

    private static func record(_ report: inout BenchmarkReport) throws {
        var random = SeededGenerator(seed: 2)
        let updates = (0..<10_000).map { _ in
            LocationUpdate(
                userID: "user-\(random.next() % 100_000)", userMode: .active,
                navigationMode: .driving, latitude: 49 + random.unit(),
                longitude: 8 + random.unit(), observedAt: now)
        }
        let records = updates.map { LocationUpdateCodec.encode($0) }
        let count = Double(updates.count)
        let decoded = try medianSeconds {
            for record in records { keep(try LocationUpdateCodec.decode(record)) }
        }
        let generatedDecoded = try medianSeconds {
            for record in records {
                keep(try Millrace_Location_LocationUpdate(serializedBytes: record))
            }
        }
        report.add(
            "serving.record.decode", decoded / count * 1e9, unit: "ns/record",
            floor: generatedDecoded / count * 1e9, higherIsBetter: false)
        var writer = ByteWriter(capacity: 1 << 20)
        let encoded = medianSeconds {
            writer.removeAll()
            for update in updates { LocationUpdateCodec.encode(update, into: &writer) }
        }
        let messages = updates.map(\.message)
        let generatedEncoded = try medianSeconds {
            for message in messages { keep(try message.serializedBytes() as [UInt8]) }
        }
        report.add(
            "serving.record.encode", encoded / count * 1e9, unit: "ns/record",
            floor: generatedEncoded / count * 1e9, higherIsBetter: false)
        report.remark("the floors are swift-protobuf's generated code")
    }

    /// Client and server in this process, over loopback; the handler decodes and drops.
    private static func http(_ report: inout BenchmarkReport) throws {
        var random = SeededGenerator(seed: 3)
        let bodies = (0..<1_000).map { _ in batch(&random, points: 5, decimals: 1e6).json() }
        for isCompressed in [false, true] {
            let requests = 20_000
            let rate = try wait {
                try await ServingBenchmarks.rate(
                    bodies, requests: requests, isCompressed: isCompressed)
            }
            report.add(
                isCompressed ? "serving.http.gzip" : "serving.http.plain", rate,
                unit: "requests/s", floor: 3_000)
        }
        report.remark("5 points a request, client and server share the cores; the floor is the bar")
    }

    private static func rate(
        _ bodies: [[UInt8]], requests: Int, isCompressed: Bool
    ) async throws -> Double {
        var settings = IngestServerConfiguration()
        settings.port = 0
        let route = HTTPRoute.post("/v1/locations") { request in
            do throws(RequestRefusal) {
                let decoded = try LocationBatchDecoder().decode(request.body, now: now)
                return .outcome(
                    accepted: decoded.accepted.count,
                    rejected: decoded.rejected.map {
                        RejectedElement(index: $0.index, reason: $0.reason.rawValue)
                    })
            } catch {
                return .error(error.status, code: error.code, message: error.message)
            }
        }
        let server = try IngestServer(
            settings, routes: [route],
            logger: Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() }))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            var sending = IngestClientConfiguration()
            sending.url = "http://127.0.0.1:\(try await server.port)/v1/locations"
            sending.isCompressed = isCompressed
            sending.compressedFromBytes = 0
            let client = try IngestClient(sending)
            var rates: [Double] = []
            for _ in 0..<5 {
                let next = Mutex(0)
                let start = ContinuousClock.now
                await client.sendAll {
                    let index = next.withLock { next in
                        next += 1
                        return next - 1
                    }
                    return index < requests ? bodies[index % bodies.count] : nil
                }
                let elapsed = (ContinuousClock.now - start) / .seconds(1)
                rates.append(Double(requests) / elapsed)
            }
            precondition(client.totals.accepted == 5 * 5 * requests)
            try await client.shutdown()
            group.cancelAll()
            try await group.waitForAll()
            return rates.sorted()[rates.count / 2]
        }
    }

    /// Runs an asynchronous measurement to its end.
    private static func wait<T: Sendable>(
        _ body: @escaping @Sendable () async throws -> T
    ) throws -> T {
        let result = Mutex<Result<T, any Error>?>(nil)
        let done = DispatchSemaphore(value: 0)
        Task.detached {
            do {
                let value = try await body()
                result.withLock { $0 = .success(value) }
            } catch {
                result.withLock { $0 = .failure(error) }
            }
            done.signal()
        }
        done.wait()
        guard let value = try result.withLock({ $0 })?.get() else { throw CancellationError() }
        return value
    }
}
