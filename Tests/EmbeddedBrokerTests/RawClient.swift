import BrokerModel
import Glibc
import Records

/// One connection to a broker's port, blocking, for frames that no client library would send.
///
/// `@unchecked Sendable`: a test hands it from thread to thread and never shares it.
final class RawClient: @unchecked Sendable {
    struct Failure: Error {
        var what: String
        var number: Int32
    }

    private let descriptor: Int32
    private var correlation: Int32 = 0

    /// How long an answer may take before the test has failed.
    private static let timeoutSeconds = 30

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(what: "socket", number: errno) }
        var timeout = timeval(tv_sec: Self.timeoutSeconds, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(what: "connect", number: errno) }
    }

    deinit { close(descriptor) }

    /// The bytes of a request with their length.
    func frame<M: Message>(_ request: M, version: Int16? = nil) -> [UInt8] {
        correlation += 1
        let body = TestBroker.frame(request, version: version, correlation: correlation)
        return withUnsafeBytes(of: UInt32(body.count).bigEndian) { Array($0) } + body
    }

    func send(_ bytes: some Collection<UInt8>) throws {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { throw Failure(what: "send", number: errno) }
            rest = rest.dropFirst(sent)
        }
    }

    /// Sends as much as the other side takes: it has stopped when nothing went out for a while.
    ///
    /// - Returns: how many bytes went out.
    func sendUntilStopped(_ bytes: [UInt8], patienceMilliseconds: Int32) throws -> Int {
        var position = 0
        while position < bytes.count {
            var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            if poll(&wanted, 1, patienceMilliseconds) == 0 { return position }
            let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
            let sent = bytes[position...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, flags)
            }
            if sent < 0, errno == EAGAIN { continue }
            guard sent > 0 else { throw Failure(what: "send", number: errno) }
            position += sent
        }
        return position
    }

    /// Reads one answer without its length.
    func receive() throws -> [UInt8] {
        let head = try receive(4)
        return try receive(head.reduce(0) { $0 << 8 | Int($1) })
    }

    private func receive(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var position = 0
        while position < count {
            let received = bytes.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress.map { $0 + position }, count - position, 0)
            }
            guard received > 0 else { throw Failure(what: "receive", number: errno) }
            position += received
        }
        return bytes
    }

    /// Sends a request and reads its answer.
    func ask<M: Message, R: Message>(
        _ request: M, _ type: R.Type, version: Int16? = nil
    ) throws -> R {
        try send(frame(request, version: version))
        let version = version ?? R.layout.versions.upperBound
        return try receive().withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            _ = try reader.bigEndian(Int32.self)
            if version >= R.layout.flexible, R.layout.key != .apiVersions {
                _ = try reader.varint()
            }
            return try FieldReader.read(R.self, version: version, from: reader)
        }
    }
}
