import Foundation
import Glibc
import Synchronization

/// A service that answers each request with the next of a list, and cuts the connection for an empty one.
final class ScriptedServer: Sendable {
    let port: UInt16
    private let socket: Int32
    private let seen = Mutex<[String]>([])

    /// Answers, each a status line behind `HTTP/1.1` and a body.
    init(_ answers: [(status: String, body: String)?]) throws {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && listen(socket, 16) == 0
                    && getsockname(socket, $0, &length) == 0
            }
        }
        guard bound else { throw CocoaError(.fileWriteUnknown) }
        self.socket = socket
        port = UInt16(bigEndian: address.sin_port)
        Thread { [self] in
            for answer in answers { serve(answer) }
        }.start()
    }

    deinit { close(socket) }

    /// The requests so far: first lines and headers.
    var requests: [String] { seen.withLock { $0 } }

    private func serve(_ answer: (status: String, body: String)?) {
        let connection = accept(socket, nil, nil)
        guard connection >= 0 else { return }
        defer { close(connection) }
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !ScriptedServer.isWhole(text) {
            let count = read(connection, &buffer, buffer.count)
            if count <= 0 { break }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
        seen.withLock { $0.append(text) }
        guard let answer else { return }
        let reply =
            "HTTP/1.1 \(answer.status)\r\ncontent-length: \(answer.body.utf8.count)\r\n"
            + "connection: close\r\n\r\n\(answer.body)"
        _ = Array(reply.utf8).withUnsafeBytes { write(connection, $0.baseAddress, $0.count) }
    }

    private static func isWhole(_ text: String) -> Bool {
        guard let end = text.range(of: "\r\n\r\n") else { return false }
        let length = text.firstMatch(of: /(?i)content-length: (\d+)/).flatMap { Int($0.1) } ?? 0
        return text[end.upperBound...].utf8.count >= length
    }
}
