import Records
import Testing

@testable import Command
@testable import Runtime

@Suite("When a recording has ended")
struct RecordingWatchTests {
    private let start = ContinuousClock.now

    private func lane(
        _ stage: String, partition: Int32, at position: Int64, newest: Int64?,
        isIdle: Bool = true, isRunning: Bool = true
    ) -> LaneStatus {
        let input = TaskProgress(
            partition: TopicPartition(topic: stage, partition: partition),
            position: Offset(position), end: nil,
            idleSince: isIdle ? EventTime(milliseconds: 0) : nil, isRunning: isRunning, epoch: 1,
            newestTime: newest.map { EventTime(milliseconds: $0) })
        return LaneStatus(
            stage: stage, thread: 0, isStopped: false, failure: nil, progress: [input],
            counters: [])
    }

    /// The first stage on two partitions, one of which is empty, and the one behind it, whose markers go on.
    private func status(
        at position: Int64, newest: Int64?, isIdle: Bool = true, isRunning: Bool = true,
        markers: Int64 = 0
    ) -> [LaneStatus] {
        [
            lane(
                "match", partition: 0, at: position, newest: newest, isIdle: isIdle,
                isRunning: isRunning),
            lane("match", partition: 1, at: 0, newest: nil),
            lane("speed", partition: 0, at: markers, newest: nil, isIdle: false),
        ]
    }

    @Test("half a minute behind its last record, once, and again behind the next one")
    func ends() {
        var watch = RecordingWatch()
        for second in 0..<30 {
            let now = start + .seconds(second)
            #expect(
                watch.look(at: status(at: 7, newest: 900, markers: Int64(second)), now: now) == nil)
        }
        let at30 = start + .seconds(30)
        #expect(
            watch.look(at: status(at: 7, newest: 900), now: at30) == EventTime(milliseconds: 900))
        #expect(watch.look(at: status(at: 7, newest: 900), now: start + .seconds(90)) == nil)
        // What comes late is no recording that goes on.
        #expect(watch.look(at: status(at: 8, newest: 900), now: start + .seconds(150)) == nil)
        #expect(watch.look(at: status(at: 9, newest: 950), now: start + .seconds(160)) == nil)
        #expect(
            watch.look(at: status(at: 9, newest: 950), now: start + .seconds(190))
                == EventTime(milliseconds: 950))
    }

    @Test("not before a record, not while one comes, and not while a partition isn't read")
    func goesOn() {
        var watch = RecordingWatch()
        for minute in 0..<5 {
            let now = start + .seconds(60 * minute)
            #expect(watch.look(at: status(at: 0, newest: nil), now: now) == nil)
        }
        for minute in 5..<10 {
            let now = start + .seconds(60 * minute)
            #expect(watch.look(at: status(at: Int64(minute), newest: 9), now: now) == nil)
        }
        #expect(
            watch.look(at: status(at: 10, newest: 9, isIdle: false), now: start + .seconds(700))
                == nil)
        #expect(
            watch.look(at: status(at: 10, newest: 9, isRunning: false), now: start + .seconds(800))
                == nil)
        // Silence begins when it is read again.
        #expect(watch.look(at: status(at: 10, newest: 9), now: start + .seconds(900)) == nil)
        #expect(
            watch.look(at: status(at: 10, newest: 9), now: start + .seconds(930))
                == EventTime(milliseconds: 9))
    }
}
