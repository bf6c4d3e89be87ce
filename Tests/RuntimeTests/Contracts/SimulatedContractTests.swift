import LogContract
import OperatorTesting
import Records
import State
import StoreContract
import Synchronization
import Testing

/// A fresh simulated log for each case; the class is for one thread, and each case runs on one.
private struct SimulatedLogFixture: TransactionalLogFixture, @unchecked Sendable {
    let log = SimulatedLog()
    private static let counter = Atomic<Int>(0)

    var features: Set<LogFeature> { [.offsetForTime, .groups, .unknownTopics, .offsetRange] }

    private func name(_ kind: String) -> String {
        "\(kind)-\(Self.counter.wrappingAdd(1, ordering: .relaxed).newValue)"
    }

    func makeTopic(partitions: Int32) throws -> String {
        let topic = name("topic")
        try log.createTopic(topic, partitions: partitions)
        return topic
    }

    func makeGroup() -> String { name("group") }
    func makeWriter() throws -> any LogWriter { log.makeWriter() }
    func makeWriter(transactionalID: String) throws -> any TransactionalWriter {
        log.makeWriter(transactionalID: transactionalID)
    }
    func makeReader(group: String?) throws -> any LogReader { log.makeReader(group: group) }
    func makeMember(group: String, topics: [String]) throws -> any LogReader {
        try log.makeMember(group: group, topics: topics)
    }
}

@Suite("The simulation keeps the contracts of what it stands for")
struct SimulatedContractTests {
    @Test("log", arguments: LogContract.Case.allCases)
    func log(item: LogContract.Case) throws {
        try LogContract(SimulatedLogFixture()).run(item)
    }

    @Test("transactions", arguments: TransactionContract.allCases)
    func transactions(item: TransactionContract) throws {
        try item.check(SimulatedLogFixture())
    }

    @Test("checkpoint store", arguments: CheckpointStoreContract.allCases)
    func store(item: CheckpointStoreContract) async throws {
        try await item.check(SimulatedStore())
    }

    @Test("tables", arguments: TableContract.allCases)
    func tables(item: TableContract) throws {
        let database = SimulatedDatabase()
        try item.check(database.makeWriter()) { database.rows(of: $0.name) }
    }

    @Test("commit authority", arguments: CommitAuthorityContract.allCases)
    func authority(item: CommitAuthorityContract) throws {
        let database = SimulatedDatabase()
        try item.check(database.makeAuthority(), database.makeAuthority(), run: "run")
    }
}
