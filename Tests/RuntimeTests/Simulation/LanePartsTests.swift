import OperatorTesting
import Records
import Runtime
import Testing

/// The parts that the lanes of both drivers share.
@Suite("Parts of a lane")
struct LanePartsTests {
    private static func time(_ milliseconds: Int64) -> EventTime {
        EventTime(milliseconds: milliseconds)
    }

    @Test("of several wishes to be woken the earliest counts")
    func earliest() {
        var wake = WakeTime()
        #expect(wake.isDue(at: Self.time(0)), "a worker begins at once")
        wake.tell(at: Self.time(0))
        wake.ask(for: Self.time(100))
        // A retry in some seconds puts off no tick.
        wake.ask(for: Self.time(5_000))
        #expect(!wake.isDue(at: Self.time(99)))
        #expect(wake.isDue(at: Self.time(100)))
        wake.ask(for: Self.time(40))
        #expect(wake.isDue(at: Self.time(40)))
        wake.tell(at: Self.time(40))
        #expect(!wake.isDue(at: Self.time(100)), "what was asked for before it was told is over")
    }

    @Test(
        "a worker that asks for nothing is told all the same, and so is one whose clock goes back")
    func bounded() {
        var wake = WakeTime()
        wake.tell(at: Self.time(10_000))
        #expect(!wake.isDue(at: Self.time(10_999)))
        #expect(wake.isDue(at: Self.time(11_000)))
        wake.ask(for: Self.time(20_000))
        #expect(wake.isDue(at: Self.time(11_000)), "nothing puts it off for longer")
        #expect(wake.isDue(at: Self.time(9_999)))
    }

    private static let full = DataflowError(
        .limitExceeded, domain: .external, retry: .backoff, "full")
    private static var produce: WorkerCommand { .produce(OutputBatch(topics: []), ticket: nil) }
    private static var pushed: WorkerCommand { .produce(OutputBatch(topics: []), ticket: 1) }

    @Test("output waits for room for so long, then it is lost, and nothing behind it is written")
    func lost() {
        let clock = ManualClock(Self.time(1_000))
        var options = WorkerOptions()
        options.longestStallMilliseconds = 500
        var gate = OutputGate(options)
        let isFirstWaiting = gate.refused(Self.produce, Self.full, by: clock)
        #expect(isFirstWaiting)
        #expect(!gate.isOpen(at: clock.now()))
        clock.advance(byMilliseconds: options.firstBackoffMilliseconds)
        #expect(gate.isOpen(at: clock.now()) && !gate.isVoid(Self.produce))
        clock.advance(byMilliseconds: 500)
        let isLateWaiting = gate.refused(Self.produce, Self.full, by: clock)
        #expect(!isLateWaiting)
        #expect(gate.isVoid(Self.produce) && !gate.isVoid(Self.pushed))
        #expect(!gate.isVoid(.abandon))
        // The worker hears of it: what waits is of lives that are over, what comes is of new ones.
        var waiting = [Self.produce, .abandon, Self.pushed, Self.produce]
        gate.heard(.timer, waiting: &waiting)
        #expect(waiting.count == 4 && gate.isVoid(Self.produce))
        gate.heard(.failed(Self.produce, Self.full), waiting: &waiting)
        #expect(waiting.map(\.name) == ["abandon", "produce"])
        #expect(!gate.isVoid(Self.produce))
        let isAgainWaiting = gate.refused(Self.produce, Self.full, by: clock)
        #expect(isAgainWaiting, "it waits as long as the first")
    }

    @Test("what is no output, and a failure that does not pass, wait for nothing")
    func others() {
        let clock = ManualClock(Self.time(1_000))
        var gate = OutputGate(WorkerOptions())
        let isOtherWaiting = gate.refused(.abandon, Self.full, by: clock)
        #expect(!isOtherWaiting)
        #expect(!gate.isVoid(Self.produce))
        var error = Self.full
        error.retry = .never
        let isFinalWaiting = gate.refused(Self.produce, error, by: clock)
        #expect(!isFinalWaiting)
        #expect(gate.isVoid(Self.produce))
        // A clock that was turned back closes no gate.
        gate = OutputGate(WorkerOptions())
        let isTurnedWaiting = gate.refused(Self.produce, Self.full, by: clock)
        #expect(isTurnedWaiting)
        clock.advance(byMilliseconds: -500)
        #expect(gate.isOpen(at: clock.now()))
    }
}
