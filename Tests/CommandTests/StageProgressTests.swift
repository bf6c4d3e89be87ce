import Records
import Testing

@testable import Command
@testable import Runtime

@Suite("How far a stage has come to its end")
struct StageProgressTests {
    private let start = ContinuousClock.now

    private func lane(at position: Int64, isStopped: Bool = false) -> LaneStatus {
        let input = TaskProgress(
            partition: TopicPartition(topic: "t", partition: 3), position: Offset(position),
            end: Offset(9), idleSince: nil, isRunning: !isStopped, epoch: 1)
        return LaneStatus(
            stage: "s", thread: 0, isStopped: isStopped, failure: nil, progress: [input],
            counters: [])
    }

    @Test("a stage whose inputs move does not stand still, however long it takes")
    func moves() {
        var watch = StageProgress(stage: "s")
        for second in 0..<10 {
            watch.look(at: [lane(at: Int64(second))], now: start + .seconds(60 * second))
            #expect(watch.stoodStill == .zero)
        }
        watch.look(at: [lane(at: 9)], now: start + .seconds(700))
        #expect(watch.stoodStill == .seconds(160))
    }

    @Test("what other stages do does not count")
    func otherStages() {
        var watch = StageProgress(stage: "other")
        watch.look(at: [lane(at: 1)], now: start)
        watch.look(at: [lane(at: 2)], now: start + .seconds(7))
        #expect(watch.stoodStill == .seconds(7))
        #expect(watch.description == "0 of 0 threads done")
    }

    @Test("a thread that has come to its end is a move, and the line says where everything stands")
    func threadEnds() {
        var watch = StageProgress(stage: "s")
        watch.look(at: [lane(at: 9)], now: start)
        #expect(watch.description == "0 of 1 threads done, t/3 at 9 of 9")
        watch.look(at: [lane(at: 9, isStopped: true)], now: start + .seconds(5))
        #expect(watch.stoodStill == .zero)
        #expect(watch.description == "1 of 1 threads done, t/3 at 9 of 9 (not running)")
    }

    @Test("people are told every few seconds")
    func notes() {
        var watch = StageProgress(stage: "s")
        watch.look(at: [], now: start)
        let first = watch.isToBeNoted()
        watch.look(at: [], now: start + .seconds(5))
        let (second, third) = (watch.isToBeNoted(), watch.isToBeNoted())
        #expect(!first && second && !third)
    }
}
