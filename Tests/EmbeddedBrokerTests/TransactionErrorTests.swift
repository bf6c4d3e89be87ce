import BrokerModel
import EmbeddedBroker
import Records
import Testing

@Suite("What goes wrong in transactions")
struct TransactionErrorTests {
    private let files = FaultyFiles(seed: 64)

    @Test("newer clients are told to abort when a batch or offset is not part of their transaction")
    func abortable() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t")
        let identity = try broker.initProducer("x")
        let producer = (id: identity.producerID, epoch: identity.producerEpoch)
        let batch = TestBroker.batch(
            ["v"], producer: (producer.id, producer.epoch, 0), isTransactional: true)
        func produce(_ version: Int16) throws -> ErrorCode? {
            let response = try broker.ask(
                TestBroker.produceRequest(batch, topic: "t"), ProduceResponse.self,
                version: version)
            return ErrorCode(rawValue: response.responses[0].partitionResponses[0].errorCode)
        }
        func commit(_ version: Int16) throws -> ErrorCode? {
            try broker.commitOffset(5, group: "g", id: "x", producer: producer, version: version)
        }
        for isOpen in [false, true] {
            if isOpen {
                #expect(
                    try broker.addOffsets("other", id: "x", producer: producer) == ErrorCode.none)
            }
            #expect(try produce(10) == .invalidTxnState)
            #expect(try produce(11) == .transactionAbortable)
            #expect(try commit(3) == .invalidTxnState)
            #expect(try commit(4) == .transactionAbortable)
        }
        #expect(try broker.addOffsets("g", id: "x", producer: producer) == ErrorCode.none)
        #expect(try commit(4) == ErrorCode.none)
    }

    @Test("who waits for the end of one is cut off when its decision can't be made durable")
    func failedDecision() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t")
        let identity = try broker.initProducer("x")
        let producer = (id: identity.producerID, epoch: identity.producerEpoch)
        #expect(try broker.addPartition("t", id: "x", producer: producer) == ErrorCode.none)
        files.unsyncablePath = "/data/journal"
        #expect(throws: TestBroker.NoAnswer.self) {
            try broker.endTransaction("x", producer: producer, commit: true)
        }
        #expect(broker.closed[broker.connection.number]?.contains("journal") ?? false)
    }
}
