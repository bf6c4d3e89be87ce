import Foundation
import Glibc

/// A reply as it came over the wire.
struct RawReply {
    var status: Int
    /// Names in lower case.
    var headers: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
}

/// A connection that sends any bytes at all, to see what a server makes of them.
struct RawConnection: Sendable {
    private let descriptor: Int32

    /// What goes wrong with a socket.
    struct Failure: Error { var what: String }

    /// Seconds for which a reply may keep silent: longer than any machine is slow.
    static let patienceSeconds = 120

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(what: "socket") }
        var patience = timeval(tv_sec: RawConnection.patienceSeconds, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience,
            socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else {
            Glibc.close(descriptor)
            throw Failure(what: "connect")
        }
    }

    /// Sends what the other side is ready to take.
    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(
                    descriptor, buffer.baseAddress.map { $0 + sent }, bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// Says that nothing more will be sent.
    func finish() { Glibc.shutdown(descriptor, Int32(SHUT_WR)) }

    func close() { Glibc.close(descriptor) }

    /// Reads until `isEnough` or until the other side closes.
    ///
    /// - Returns: what came; nil when the other side did neither for ``patienceSeconds``.
    func receive(until isEnough: @escaping @Sendable ([UInt8]) -> Bool = { _ in false }) async
        -> [UInt8]?
    {
        await withCheckedContinuation { continuation in
            // A thread of its own: a blocked one of the shared pool would stall the server.
            Thread.detachNewThread {
                var received: [UInt8] = []
                var room = [UInt8](repeating: 0, count: 65_536)
                while !isEnough(received) {
                    let count = recv(descriptor, &room, room.count, 0)
                    if count < 0, errno == EINTR { continue }
                    if count < 0, errno == EAGAIN || errno == EWOULDBLOCK {
                        continuation.resume(returning: nil)
                        return
                    }
                    guard count > 0 else { break }
                    received.append(contentsOf: room[..<count])
                }
                continuation.resume(returning: received)
            }
        }
    }

    /// Reads one reply with a body of a declared length.
    func reply() async -> RawReply? {
        await receive { RawConnection.parse($0) != nil }.flatMap(RawConnection.parse)
    }

    /// The first reply among bytes, once it is whole.
    static func parse(_ bytes: [UInt8]) -> RawReply? {
        let mark = Array("\r\n\r\n".utf8)
        guard
            let headEnd = bytes.indices.first(where: { bytes[$0...].starts(with: mark) })
        else { return nil }
        let text = String(decoding: bytes[..<headEnd], as: UTF8.self)
        let lines = text.split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            return nil
        }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let halves = line.split(separator: ":", maxSplits: 1)
            guard halves.count == 2 else { continue }
            headers[halves[0].lowercased()] = String(halves[1].drop { $0 == " " })
        }
        let body = bytes[(headEnd + mark.count)...]
        guard let length = headers["content-length"].flatMap({ Int($0) }), body.count >= length
        else { return nil }
        return RawReply(status: status, headers: headers, body: Array(body.prefix(length)))
    }
}

/// Sends one request on a connection of its own and waits for the reply.
func exchange(
    _ port: Int, _ method: String, _ target: String, headers: [String] = [], body: [UInt8] = []
) async throws -> RawReply {
    let connection = try RawConnection(port: port)
    defer { connection.close() }
    var head = ["\(method) \(target) HTTP/1.1", "Host: localhost", "Connection: close"]
    head += headers
    if !body.isEmpty { head.append("Content-Length: \(body.count)") }
    connection.send(Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
    if method == "HEAD" {
        guard let received = await connection.receive() else {
            throw RawConnection.Failure(what: "no reply to \(method) \(target)")
        }
        let text = String(decoding: received, as: UTF8.self)
        let status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return RawReply(status: status ?? 0, headers: [:], body: received)
    }
    guard let reply = await connection.reply() else {
        throw RawConnection.Failure(what: "no reply to \(method) \(target)")
    }
    return reply
}
