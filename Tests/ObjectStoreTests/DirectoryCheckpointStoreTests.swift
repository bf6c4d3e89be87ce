import Foundation
import ObjectStore
import Records
import State
import StoreContract
import Testing

@Suite("Checkpoints in a directory")
struct DirectoryCheckpointStoreTests {
    /// Runs `body` with the path of a directory that is not there yet and is removed at the end.
    private func withDirectory<T>(_ body: (String) async throws -> T) async throws -> T {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-checkpoints-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(path)
    }

    @Test("keeps the contract", arguments: CheckpointStoreContract.allCases)
    func contract(promise: CheckpointStoreContract) async throws {
        try await withDirectory { path in
            try await promise.check(try DirectoryCheckpointStore("\(path)/deep/below"))
        }
    }

    @Test("two stores on one directory see each other's blobs")
    func shared() async throws {
        try await withDirectory { path in
            let first = try DirectoryCheckpointStore(path)
            let second = try DirectoryCheckpointStore("\(path)/")
            try first.create("run/a", [1])
            #expect(try second.read("run/a") == [1])
            #expect(throws: DataflowError.self) { try second.create("run/a", [2]) }
            try second.delete("run/a")
            try first.create("run/a", [3])
            #expect(try second.read("run/a") == [3])
        }
    }

    @Test("leftovers of a crash are removed, a living writer's file is not")
    func leftovers() async throws {
        try await withDirectory { path in
            _ = try DirectoryCheckpointStore(path)
            let staging = "\(path)/~staging"
            let dead = "\(staging)/1-dead"
            let alive = "\(staging)/1-alive"
            for file in [dead, alive] {
                #expect(FileManager.default.createFile(atPath: file, contents: Data([1, 2])))
            }
            let descriptor = open(alive, O_WRONLY)
            defer { close(descriptor) }
            #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
            let store = try DirectoryCheckpointStore(path)
            #expect(!FileManager.default.fileExists(atPath: dead))
            #expect(FileManager.default.fileExists(atPath: alive))
            #expect(try store.list(prefix: "") == [])
        }
    }

    @Test("nothing is left in staging after writes, taken names included")
    func stagingIsEmpty() async throws {
        try await withDirectory { path in
            let store = try DirectoryCheckpointStore(path)
            try store.create("a", [1])
            #expect(throws: DataflowError.self) { try store.create("a", [1]) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(path)/~staging") == [])
        }
    }

    @Test("a path that is no directory is refused with the reason")
    func notADirectory() async throws {
        try await withDirectory { path in
            #expect(FileManager.default.createFile(atPath: path, contents: Data()))
            let error = #expect(throws: DataflowError.self) { try DirectoryCheckpointStore(path) }
            #expect(error?.code == .storeUnavailable)
            #expect(error?.message.contains("Not a directory") == true)
        }
    }

    @Test("a full disk is an error that may pass, and leaves no blob")
    func fullDisk() async throws {
        // The limit on the size of a file stands in for a full disk: a write fails half-way. It holds
        // for a whole process, so it is set in one of its own.
        await #expect(processExitsWith: .success) {
            let path = FileManager.default.temporaryDirectory
                .appendingPathComponent("millrace-checkpoints-\(UUID().uuidString)").path
            defer { try? FileManager.default.removeItem(atPath: path) }
            let store = try DirectoryCheckpointStore(path)
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 100_000, rlim_max: 100_000)
            #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let error = #expect(throws: DataflowError.self) {
                try store.create("run/big", [UInt8](repeating: 1, count: 1_000_000))
            }
            #expect(error?.code == .storeUnavailable)
            #expect(error?.retry == .backoff)
            #expect(try store.list(prefix: "") == [])
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(path)/~staging") == [])
            try store.create("run/small", [1])
        }
    }
}
