import LogContract
import Testing

@Suite("Kafka client: the log's contract")
struct KafkaContractTests {
    static let fixture = Result { try KafkaFixture() }

    @Test("keeps the contract", arguments: LogContract.Case.allCases)
    func contract(item: LogContract.Case) throws {
        try LogContract(Self.fixture.get()).run(item)
    }
}
