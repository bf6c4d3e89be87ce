import Foundation
import Synchronization
import Testing

@testable import Command

@Suite("Signals that stop")
struct StopSignalsTests {
    private final class Ends: Sendable {
        private let all = Mutex<[Int32]>([])
        var numbers: [Int32] { all.withLock { $0 } }
        func add(_ number: Int32) { all.withLock { $0.append(number) } }
    }

    @Test(
        "the first asks for a stop, its echoes ask for nothing, one a second later ends the process"
    )
    func echoes() async {
        let ends = Ends()
        let signals = StopSignals { ends.add($0) }
        let start = ContinuousClock.now
        signals.take(SIGINT, at: start)
        await signals.wait()
        signals.take(SIGINT, at: start + .milliseconds(1))
        signals.take(SIGTERM, at: start + .milliseconds(999))
        #expect(ends.numbers.isEmpty)
        signals.take(SIGTERM, at: start + .seconds(1))
        #expect(ends.numbers == [SIGTERM])
    }

    @Test("whoever follows them is told once, and the next one still ends the process")
    func follow() async {
        let ends = Ends()
        let signals = StopSignals { ends.add($0) }
        let interruption = Interruption()
        let following = interruption.follow(signals)
        #expect(!interruption.isRequested)
        let start = ContinuousClock.now
        signals.take(SIGINT, at: start)
        await following.value
        #expect(interruption.isRequested)
        signals.take(SIGINT, at: start + .seconds(5))
        #expect(ends.numbers == [SIGINT])
    }
}
