internal import Foundation
internal import Records

/// A broker of this binary in a process of its own.
final class BrokerProcess {
    private let process = Process()
    /// Held open as long as this process lives: its end is the broker's, however it comes.
    private let input = Pipe()
    /// `host:port`.
    let address: String

    /// Starts a broker on a free port and waits until it listens.
    init(data: String) throws {
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [
            "dev", "broker", "--data", data, "--listen", "127.0.0.1:0", "--until-stdin-closes",
        ]
        process.standardInput = input
        process.standardError = output
        try process.run()
        var text = ""
        var found: String?
        while found == nil {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { break }
            text += String(decoding: data, as: UTF8.self)
            found = BrokerProcess.address(in: text)
        }
        guard let found else {
            throw DataflowError(
                .logUnavailable, domain: .internal, "the broker did not start: \(text)")
        }
        address = found
        // What the broker says later must not fill the pipe and stop it.
        output.fileHandleForReading.readabilityHandler = { handle in
            if handle.availableData.isEmpty { handle.readabilityHandler = nil }
        }
    }

    private static func address(in text: String) -> String? {
        guard let start = text.range(of: "listening on "),
            let end = text[start.upperBound...].firstIndex(of: ",")
        else { return nil }
        return String(text[start.upperBound..<end])
    }

    /// Stops the broker and waits for its end.
    func stop() {
        guard process.isRunning else { return }
        process.terminate()
        process.waitUntilExit()
    }

    deinit { stop() }
}
