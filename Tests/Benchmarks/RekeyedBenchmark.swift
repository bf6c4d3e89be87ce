import CRdKafka
import Foundation
import Records

/// `kafka.rekeyed`: Kafka to Kafka with a shuffle, over the embedded broker in another process.
enum RekeyedBenchmark {
    static var benchmark: Benchmark { Benchmark(name: "kafka.rekeyed", run: measure) }

    static let records = 5_000_000
    private static let partitions: Int32 = 4
    private static let repetitions = 3

    /// What is varied: the time between commits, in ms, the default first.
    private static let intervals = [1_000, 5_000]

    static func measure(_ report: inout BenchmarkReport) throws {
        var floors: [Double] = []
        var runs: [Int: [RekeyedRun.Report]] = [:]
        for _ in 0..<repetitions {
            let broker = try BrokerProcess(.embedded(flush: "1000"))
            defer { broker.stop() }
            let servers = broker.bootstrapServers
            try BrokerBenchmarks.createTopic(servers, Rekeyed.input, partitions: partitions)
            let believed = try produce(servers)
            floors.append(
                try BareKafka.consume(
                    servers, Rekeyed.input, partitions: partitions, count: records))
            for interval in intervals {
                let name = "rekeyed-\(interval)"
                runs[interval, default: []].append(try pipeline(servers, name, interval))
                try verify(servers, "\(name).minutes", believed: believed)
            }
        }
        for interval in intervals {
            let name = interval == intervals[0] ? "kafka.rekeyed" : "kafka.rekeyed.\(interval)ms"
            let reports = runs[interval] ?? []
            report.add(
                name, Double(records) / KafkaBenchmarks.median(reports.map(\.seconds)),
                unit: "records/s", floor: Double(records) / KafkaBenchmarks.median(floors))
            report.add(
                "\(name).cpu",
                KafkaBenchmarks.median(reports.map(\.cpuSeconds)) / Double(records) * 1e9,
                unit: "ns cpu/record", higherIsBetter: false)
            report.add(
                "\(name).memory", KafkaBenchmarks.median(reports.map(\.peakMegabytes)),
                unit: "MB resident at most", higherIsBetter: false)
        }
        report.remark(
            "at-least-once, a commit every \(intervals) ms, two threads; \(records) records, "
                + "\(Rekeyed.segments) segments, start and group joins included; floor: librdkafka "
                + "reads the input and keeps nothing; broker: flush=1000 (the default)")
    }

    /// Writes the input; returns how many of its records pass the filter.
    private static func produce(_ servers: String) throws -> Int {
        let client = try BareKafka.client(
            RD_KAFKA_PRODUCER,
            [
                ("bootstrap.servers", servers), ("linger.ms", "5"),
                ("queue.buffering.max.messages", "1000000"),
            ])
        defer { rd_kafka_destroy(client) }
        let topic = rd_kafka_topic_new(client, Rekeyed.input, nil)
        defer { rd_kafka_topic_destroy(topic) }
        var generator = SeededGenerator(seed: 11)
        let (keyBytes, valueBytes) = (8, Rekeyed.Reading.valueBytes)
        let perCall = BareKafka.messagesPerCall
        let content = UnsafeMutableRawPointer.allocate(
            byteCount: perCall * (keyBytes + valueBytes), alignment: 8)
        defer { content.deallocate() }
        content.initializeMemory(as: UInt8.self, repeating: 0, count: perCall * 100)
        var messages = [rd_kafka_message_t](repeating: rd_kafka_message_t(), count: perCall)
        var believed = 0
        var sent = 0
        var turn: Int32 = 0
        while sent < records {
            let count = min(perCall, records - sent)
            for index in 0..<count {
                let key = content + index * (keyBytes + valueBytes)
                let value = key + keyBytes
                Rekeyed.Reading.write(sent + index, key: key, value: value, &generator)
                let speed = value.loadUnaligned(fromByteOffset: 8, as: Double.self)
                if speed < Rekeyed.Reading.believed { believed += 1 }
                messages[index].key = key
                messages[index].key_len = keyBytes
                messages[index].payload = value
                messages[index].len = valueBytes
            }
            while rd_kafka_outq_len(client) > 400_000 { rd_kafka_poll(client, 1) }
            // Users are spread evenly, so that partitions may be taken in turn.
            sent += Int(
                rd_kafka_produce_batch(
                    topic, turn % partitions, RD_KAFKA_MSG_F_COPY, &messages, Int32(count)))
            turn += 1
        }
        guard rd_kafka_flush(client, 100_000) == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw BenchmarkFailure(description: "the input was not taken")
        }
        return believed
    }

    private static func pipeline(
        _ servers: String, _ name: String, _ interval: Int
    ) throws -> RekeyedRun.Report {
        let directory = URL(fileURLWithPath: ".millrace/bench-rekeyed-\(getpid())")
            .standardizedFileURL.path
        try? FileManager.default.removeItem(atPath: directory)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [RekeyedRun.argument, servers, directory, name, "\(interval)"]
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw BenchmarkFailure(description: "the pipeline ended with an error")
        }
        return try JSONDecoder().decode(RekeyedRun.Report.self, from: data)
    }

    /// Every record that passes the filter is counted in exactly one minute of one segment.
    private static func verify(_ servers: String, _ topic: String, believed: Int) throws {
        var newest: [[UInt8]: UInt64] = [:]
        let count = try BareKafka.messageCount(servers, topic, partitions: partitions)
        _ = try BareKafka.consume(
            servers, topic, partitions: partitions, count: count
        ) { message in
            let record = RecordView(
                offset: Offset(message.offset), timestamp: .min,
                key: UnsafeRawBufferPointer(start: message.key, count: message.key_len),
                value: UnsafeRawBufferPointer(start: message.payload, count: message.len))
            guard let key = record.key, let minute = try? Rekeyed.Minute(record: record) else {
                return
            }
            newest[[UInt8](key)] = minute.tally.count
        }
        let counted = newest.values.reduce(0, +)
        guard counted == UInt64(believed) else {
            throw BenchmarkFailure(description: "\(counted) of \(believed) readings are counted")
        }
    }
}
