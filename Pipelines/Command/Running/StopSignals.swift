internal import Dispatch
internal import Foundation

/// The signals that ask a process to stop: interrupt and terminate.
struct StopSignals: @unchecked Sendable {
    // The sources are only kept alive here; nobody calls them after they were resumed.
    private let stream: AsyncStream<Void>
    private let sources: [any DispatchSourceSignal]

    /// From here on the signals no longer end the process by themselves.
    init() {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingOldest(1))
        self.stream = stream
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { continuation.yield() }
            source.resume()
            return source
        }
    }

    /// From here on the signals end the process by themselves again.
    func restoreDefaults() {
        for source in sources { source.cancel() }
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
    }

    /// Returns when one of the signals has come.
    func wait() async {
        for await _ in stream { return }
    }
}
