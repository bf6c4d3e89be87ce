import KafkaClient
import LogContract
import Records
import Testing

@Suite("A writer whose client fails for good")
struct RenewedWriterTests {
    /// Loses count: the next batch is the head of its line, and there is no way back for the client.
    private func loseCount(_ faulty: FaultyCluster) {
        faulty.cluster.fail(.produce, codes: [Code.outOfOrderSequence])
    }

    private func reports(
        of writer: any LogWriter, _ token: UInt64
    ) throws -> DeliveryReport {
        try eventually("a report", idle: { try? writer.flush(timeoutMilliseconds: 20) }) {
            writer.poll().first { $0.token == token }
        }
    }

    @Test("librdkafka never writes again with a client whose sequence numbers are out of step")
    func outOfUse() throws {
        let faulty = try FaultyCluster()
        let writer = try KafkaWriter(faulty.configuration)
        defer { writer.close() }
        try writer.writeThrough(.numbered("t", 0, 0..<10), token: 1)
        loseCount(faulty)
        try writer.write(.numbered("t", 0, 10..<20), token: 2)
        #expect(try reports(of: writer, 2).error?.retry == .restart)
        #expect(writer.fatal?.retry == .restart)
        for token in 3..<6 as Range<UInt64> {
            #expect(throws: DataflowError.self) {
                try writer.write(.numbered("t", 0, 20..<21), token: token)
            }
        }
    }

    @Test("another client takes its place, and what the first had not written is told")
    func renewed() throws {
        let faulty = try FaultyCluster()
        let writer = try RenewedWriter { try KafkaWriter(faulty.configuration) }
        defer { writer.close() }
        try writer.write(.numbered("t", 0, 0..<10), token: 1)
        try writer.flush(timeoutMilliseconds: 60_000)
        #expect(writer.poll().map(\.token) == [1])
        loseCount(faulty)
        try writer.write(.numbered("t", 0, 10..<20), token: 2)
        let report = try reports(of: writer, 2)
        #expect(report.error?.retry == .restart && report.error?.code == .logUnavailable)
        // Once that is known the same records are taken.
        try writer.write(.numbered("t", 0, 10..<20), token: 3)
        try writer.flush(timeoutMilliseconds: 60_000)
        #expect(try reports(of: writer, 3).error == nil)
        #expect(writer.renewals == 1)
        #expect(try writer.partitionCount(of: "t") == 2)
        let reader = try faulty.reader()
        defer { reader.close() }
        try reader.assign([faulty.partition: Offset(0)])
        let seen = try reader.readAll(faulty.partition, atLeast: 20).compactMap(number)
        #expect(Array(seen.prefix(10)) == Array(0..<10))
        #expect(Array(seen.suffix(10)) == Array(10..<20))
    }

    @Test("nothing is written behind a loss that nobody has heard of")
    func lossFirst() throws {
        let faulty = try FaultyCluster()
        let writer = try RenewedWriter { try KafkaWriter(faulty.configuration) }
        defer { writer.close() }
        loseCount(faulty)
        try writer.write(.numbered("t", 0, 0..<10), token: 1)
        #expect(throws: DataflowError.self) { try writer.flush(timeoutMilliseconds: 60_000) }
        let error = #expect(throws: DataflowError.self) {
            try writer.write(.numbered("t", 0, 10..<20), token: 2)
        }
        #expect(error?.retry == .restart)
        #expect(try reports(of: writer, 1).error != nil)
        try writer.write(.numbered("t", 0, 0..<10), token: 3)
        try writer.flush(timeoutMilliseconds: 60_000)
    }

    @Test("clients that fail one behind the other are not made without end")
    func rests() throws {
        let faulty = try FaultyCluster()
        let writer = try RenewedWriter { try KafkaWriter(faulty.configuration) }
        defer { writer.close() }
        let start = ContinuousClock.now
        for token in 1...40 as ClosedRange<UInt64> {
            loseCount(faulty)
            do {
                try writer.write(.numbered("t", 0, 0..<1), token: token)
                _ = try reports(of: writer, token)
            } catch let error as DataflowError {
                #expect(error.retry != .never)
            }
        }
        let most = (ContinuousClock.now - start) / RenewedWriter.restBetweenRenewals
        #expect(Double(writer.renewals) <= most + 1)
    }

    @Test("a transaction that may last longer than the cluster allows says what to change")
    func transactionTimeout() throws {
        let faulty = try FaultyCluster()
        faulty.cluster.fail(
            .initProducerID, codes: Array(repeating: Code.invalidTransactionTimeout, count: 3))
        let writer = try KafkaWriter(
            faulty.configuration, KafkaWriterOptions(transactionalID: "run.stage.0"))
        defer { writer.close() }
        let error = #expect(throws: TransactionError.self) { try writer.takeOver() }
        #expect(error?.error.retry == .never && error?.error.domain == .user)
        for word in ["--commit-interval", "transaction.max.timeout.ms"] {
            #expect(error?.error.message.contains(word) == true, "\(String(describing: error))")
        }
    }
}
