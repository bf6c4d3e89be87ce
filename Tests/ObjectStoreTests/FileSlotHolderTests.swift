import Foundation
import ObjectStore
import Records
import State
import Testing

@Suite("Slots by locks on files")
struct FileSlotHolderTests {
    /// Runs `body` with a directory that is removed at the end.
    private func withDirectory(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-slots-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    @Test("each holder has a slot of its own and keeps it")
    func distinct() throws {
        try withDirectory { path in
            let holders = try (0..<3).map { _ in
                try FileSlotHolder(root: path, run: "r", stage: "s")
            }
            #expect(try holders.map { try $0.hold() } == [0, 1, 2])
            #expect(try holders.map { try $0.hold() } == [0, 1, 2])
        }
    }

    @Test("a slot that is given back, or whose holder is gone, is the next one's")
    func givenBack() throws {
        try withDirectory { path in
            let kept = try FileSlotHolder(root: path, run: "r", stage: "s")
            var gone: FileSlotHolder? = try FileSlotHolder(root: path, run: "r", stage: "s")
            #expect(try kept.hold() == 0)
            #expect(try gone?.hold() == 1)
            gone = nil
            let next = try FileSlotHolder(root: path, run: "r", stage: "s")
            #expect(try next.hold() == 1)
            kept.release()
            kept.release()
            let last = try FileSlotHolder(root: path, run: "r", stage: "s")
            #expect(try last.hold() == 0)
            #expect(try kept.hold() == 2)
        }
    }

    @Test("stages and runs don't share slots")
    func apart() throws {
        try withDirectory { path in
            let holders = try [("r", "s"), ("r", "t"), ("q", "s")].map {
                try FileSlotHolder(root: path, run: $0.0, stage: $0.1)
            }
            #expect(try holders.map { try $0.hold() } == [0, 0, 0])
        }
    }

    @Test("a process that dies leaves its slot free")
    func deadProcess() async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) {
            let path = FileManager.default.temporaryDirectory.path
            let holder = try FileSlotHolder(root: path, run: "dead-\(getppid())", stage: "s")
            #expect(try holder.hold() == 0)
            kill(getpid(), SIGKILL)
            holder.release()
        }
        let path = FileManager.default.temporaryDirectory.path
        let next = try FileSlotHolder(root: path, run: "dead-\(getpid())", stage: "s")
        #expect(try next.hold() == 0)
        next.release()
        try? FileManager.default.removeItem(atPath: "\(path)/~slots/dead-\(getpid()).s")
    }

    @Test("a directory that isn't there is an error that names it")
    func missing() {
        let error = #expect(throws: DataflowError.self) {
            try FileSlotHolder(root: "/nowhere/checkpoints", run: "r", stage: "s")
        }
        #expect(error?.code == .storeUnavailable)
        #expect(error?.message.contains("/nowhere/checkpoints") == true)
    }
}
