import CRdKafka
import EngineWorkload
import Foundation
import KafkaClient
import Records

/// `kafka.rekeyed`: Kafka to Kafka with a shuffle, over the embedded broker in another process.
enum RekeyedBenchmark {
    static var benchmark: Benchmark { Benchmark(name: "kafka.rekeyed", run: measure) }

    /// Ten seconds and more of a machine that does 1.7 M a second; with `SHORT=1` only to see that it works.
    static let records = isShort ? 1_000_000 : 20_000_000
    private static let partitions: Int32 = 4
    private static let repetitions = isShort ? 1 : 5
    private static let isShort = ProcessInfo.processInfo.environment["SHORT"] == "1"

    /// What is varied: the delivery, and the time between commits in ms.
    private struct Variant: Hashable {
        let name: String
        let delivery: String
        let interval: Int
    }

    private static let variants = [
        Variant(name: "kafka.rekeyed", delivery: "at-least-once", interval: 1_000),
        Variant(name: "kafka.rekeyed.eos", delivery: "exactly-once", interval: 1_000),
        Variant(name: "kafka.rekeyed.5000ms", delivery: "at-least-once", interval: 5_000),
        Variant(name: "kafka.rekeyed.100ms", delivery: "at-least-once", interval: 100),
        Variant(name: "kafka.rekeyed.eos.100ms", delivery: "exactly-once", interval: 100),
    ]

    static func measure(_ report: inout BenchmarkReport) throws {
        var floors: [Double] = []
        var runs: [Variant: [RekeyedRun.Report]] = [:]
        for repetition in 0..<repetitions {
            let kafka = try BenchmarkKafka()
            defer { kafka.stop() }
            let input = kafka.name("readings")
            try BrokerBenchmarks.createTopic(kafka.servers, input, partitions: partitions)
            let believed = try produce(kafka.servers, input, count: records)
            floors.append(
                try BareKafka.consume(
                    kafka.servers, input, partitions: partitions, count: records))
            // One after the other, so that what changes with time changes all; the other way round every second time.
            for variant in repetition % 2 == 0 ? variants : variants.reversed() {
                runs[variant, default: []].append(try pipeline(kafka, variant))
                try verify(
                    kafka.servers, "\(kafka.name(variant.name)).minutes", believed: believed)
            }
        }
        let floor = Double(records) / KafkaBenchmarks.median(floors)
        for variant in variants { add(variant, runs[variant] ?? [], floor: floor, &report) }
        for interval in [1_000, 100] { compare(runs, at: interval, &report) }
        report.remark(
            "two threads; \(repetitions) repetitions, \(records) records, \(Rekeyed.segments) segments, start and group joins "
                + "included; floor: librdkafka reads the input and keeps nothing; broker: "
                + "\(BenchmarkKafka.description); commit.eos: exactly-once beside at-least-once "
                + "of the same run")
    }

    private static func add(
        _ variant: Variant, _ reports: [RekeyedRun.Report], floor: Double,
        _ report: inout BenchmarkReport
    ) {
        report.add(
            variant.name, Double(records) / KafkaBenchmarks.median(reports.map(\.seconds)),
            unit: "records/s", floor: floor)
        report.add(
            "\(variant.name).cpu",
            KafkaBenchmarks.median(reports.map(\.cpuSeconds)) / Double(records) * 1e9,
            unit: "ns cpu/record", higherIsBetter: false)
        report.add(
            "\(variant.name).memory", KafkaBenchmarks.median(reports.map(\.peakMegabytes)),
            unit: "MB resident at most", higherIsBetter: false)
    }

    /// Exactly-once beside at-least-once.
    private static func compare(
        _ runs: [Variant: [RekeyedRun.Report]], at interval: Int, _ report: inout BenchmarkReport
    ) {
        func reports(_ delivery: String) -> [RekeyedRun.Report] {
            runs.first { $0.key.delivery == delivery && $0.key.interval == interval }?.value ?? []
        }
        func rate(_ delivery: String) -> Double {
            Double(records) / KafkaBenchmarks.median(reports(delivery).map(\.seconds))
        }
        report.add(
            "commit.eos.\(interval)ms", rate("exactly-once"), unit: "records/s",
            floor: rate("at-least-once"))
        report.add(
            "commit.p99.\(interval)ms",
            KafkaBenchmarks.median(reports("exactly-once").map(\.commitMilliseconds)), unit: "ms",
            higherIsBetter: false)
    }

    /// Writes the readings from number `first` on; returns how many of them pass the filter.
    static func produce(
        _ servers: String, _ input: String, first: Int = 0, count records: Int
    ) throws -> Int {
        let client = try BareKafka.client(
            RD_KAFKA_PRODUCER,
            [
                ("bootstrap.servers", servers), ("linger.ms", "5"),
                ("queue.buffering.max.messages", "1000000"),
            ])
        defer { rd_kafka_destroy(client) }
        let topic = rd_kafka_topic_new(client, input, nil)
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
                Rekeyed.Reading.write(
                    first + sent + index, key: key, value: value, &generator)
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
        _ kafka: BenchmarkKafka, _ variant: Variant
    ) throws -> RekeyedRun.Report {
        let directory = URL(fileURLWithPath: ".millrace/bench-rekeyed-\(getpid())")
            .standardizedFileURL.path
        try? FileManager.default.removeItem(atPath: directory)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [
            RekeyedRun.argument, kafka.servers, kafka.name("readings"), directory,
            kafka.name(variant.name), "\(variant.interval)", variant.delivery,
        ]
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
        let reader = try KafkaReader(
            try KafkaConfiguration(bootstrapServers: servers), KafkaReaderOptions(.byHand()))
        defer { reader.close() }
        let inputs = (0..<partitions).map { TopicPartition(topic: topic, partition: $0) }
        for input in inputs { try reader.assign([input: Offset(0)]) }
        var unread = Set(inputs)
        let deadline = ContinuousClock.now + .seconds(300)
        while !unread.isEmpty, ContinuousClock.now < deadline {
            for input in unread.sorted() {
                var got = false
                let end = try reader.read(input, maximum: 1_024) { batch in
                    got = true
                    for record in batch.records {
                        guard let key = record.key else { continue }
                        newest[[UInt8](key)] = try Rekeyed.Minute(record: record).tally.inner.count
                    }
                }
                if !got, end != nil { unread.remove(input) }
            }
            reader.wait(milliseconds: 5)
        }
        let counted = newest.values.reduce(0, +)
        guard counted == UInt64(believed) else {
            throw BenchmarkFailure(description: "\(counted) of \(believed) readings are counted")
        }
    }
}
