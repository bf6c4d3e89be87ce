internal import Records
public import State
public import Testing

/// What every checkpoint store must do, one case a promise.
///
/// A suite runs them by `@Test(arguments: CheckpointStoreContract.allCases)`, each on a store of its own.
public enum CheckpointStoreContract: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case readsWhatWasCreated = "reads what was created, from no byte to a megabyte"
    case missingIsNil = "a missing name reads as nil and deletes without an error"
    case refusesTakenName = "refuses a name that is taken and keeps the first blob"
    case listsByPrefix = "lists the names that begin with a prefix, sorted"
    case deletes = "forgets a deleted blob and frees nothing else"
    case refusesBadNames = "refuses names outside of the rules"
    case createsOnceUnderContention = "of many who create one name at once, one succeeds"

    /// The promise.
    public var testDescription: String { rawValue }

    /// Puts an empty store to the test.
    public func check(_ store: any CheckpointStore) async throws {
        switch self {
        case .readsWhatWasCreated: try CheckpointStoreContract.roundTrips(store)
        case .missingIsNil:
            #expect(try store.read("run/task/none") == nil)
            try store.delete("run/task/none")
            try store.delete("run/task/none")
        case .refusesTakenName:
            try store.create("run/task/1-a", [1])
            let error = #expect(throws: DataflowError.self) {
                try store.create("run/task/1-a", [2])
            }
            #expect(error?.code == .invariant)
            #expect(try store.read("run/task/1-a") == [1])
        case .listsByPrefix: try CheckpointStoreContract.lists(store)
        case .deletes:
            for name in ["run/a", "run/b", "run/c"] { try store.create(name, Array(name.utf8)) }
            try store.delete("run/b")
            #expect(try store.read("run/b") == nil)
            #expect(try store.list(prefix: "run/") == ["run/a", "run/c"])
            #expect(try store.read("run/c") == Array("run/c".utf8))
        case .refusesBadNames:
            for name in CheckpointStoreContract.badNames {
                #expect(throws: DataflowError.self, "\(name.prefix(40))") {
                    try store.create(name, [1])
                }
            }
            #expect(try store.list(prefix: "") == [])
        case .createsOnceUnderContention:
            let winners = await withTaskGroup(of: Bool.self) { group in
                for writer in 0..<8 as Range<UInt8> {
                    group.addTask { (try? store.create("run/task/9-f", [writer])) != nil }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(winners == 1)
            #expect(try store.read("run/task/9-f")?.count == 1)
        }
    }

    private static let badNames = [
        "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a b", "a\u{0}b", "ä",
        "a~b",
        String(repeating: "x", count: 2_000),
    ]

    private static func roundTrips(_ store: any CheckpointStore) throws {
        var random = SeededGenerator(seed: 7)
        for size in [0, 1, 4_095, 4_096, 1_000_003] {
            let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
            try store.create("run/stage/0/\(size)-base.v1", bytes)
            #expect(try store.read("run/stage/0/\(size)-base.v1") == bytes, "\(size) bytes")
        }
    }

    private static func lists(_ store: any CheckpointStore) throws {
        let names = ["run/s/1/2-b", "run/s/1/1-a", "run/s/10/1-a", "run/t/1/1-a", "runner/s/1"]
        for name in names { try store.create(name, []) }
        #expect(try store.list(prefix: "run/s/1/") == ["run/s/1/1-a", "run/s/1/2-b"])
        #expect(
            try store.list(prefix: "run/s/1") == ["run/s/1/1-a", "run/s/1/2-b", "run/s/10/1-a"])
        #expect(try store.list(prefix: "run/s/1/2") == ["run/s/1/2-b"])
        #expect(try store.list(prefix: "") == names.sorted())
        #expect(try store.list(prefix: "run") == names.sorted())
        #expect(try store.list(prefix: "absent/") == [])
        #expect(try store.list(prefix: "run/s/1/1-a/") == [])
    }
}
