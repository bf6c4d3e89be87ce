import Records
import Synchronization
import Testing

@testable import Command

@Suite("What goes wrong is told, and not too often")
struct TroubleLogTests {
    private final class Scene: Sendable {
        let lines = Mutex<[String]>([])
        let now = Mutex(ContinuousClock.now)
    }

    @Test("the first of its kind at once, then how many there were")
    func paced() {
        let scene = Scene()
        let log = TroubleLog(clock: { scene.now.withLock { $0 } }) { line in
            scene.lines.withLock { $0.append(line) }
        }
        let down = DataflowError(.databaseUnavailable, domain: .external, "it is down")
        for _ in 0..<5 { log.note("run/stage", "decide", down) }
        log.note("run/stage", "claim", down)
        log.note("run/other", "decide", down)
        #expect(scene.lines.withLock { $0.count } == 3)
        scene.now.withLock { $0 += TroubleLog.interval }
        log.note("run/stage", "decide", down)
        let last = scene.lines.withLock { $0.last } ?? ""
        #expect(last.hasPrefix("run/stage, decide: database-unavailable"))
        #expect(last.hasSuffix("(and 4 more since)"))
        log.note("run/stage", "decide", down)
        #expect(scene.lines.withLock { $0.count } == 4)
    }

    @Test("checkpoints in S3 need slots that machines share")
    func slots() throws {
        let place = CheckpointPlace(text: "s3://bucket/prefix")
        let error = #expect(throws: DataflowError.self) {
            _ = try place.slots(nil, owner: "o", run: "r", stage: "s")
        }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("DATABASE_URL") == true)
        let bare = #expect(throws: DataflowError.self) { _ = try place.open([:]) }
        #expect(bare?.code == .invalidConfiguration)
    }
}
