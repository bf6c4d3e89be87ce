/// What the broker knows of one client's connection.
package final class ClientConnection {
    package let number: UInt64
    /// Where the client came from, for tools.
    let peer: String
    /// The address that the client is told to use.
    let host: String
    let port: Int32
    /// Where the connection stands with SASL.
    var authentication: Authentication

    enum Authentication: Equatable {
        case none
        case handshake
        case plain
        case done
        /// The one try that a connection has was wrong.
        case failed
    }

    package init(number: UInt64, peer: String, host: String, port: Int32) {
        self.number = number
        self.peer = peer
        self.host = host
        self.port = port
        authentication = .none
    }
}

/// A request that is to be answered.
struct RequestContext {
    let connection: ClientConnection
    /// The request's number on its connection: answers go out in this order.
    let slot: UInt64
    let key: Int16
    let version: Int16
    let correlationID: Int32
    let clientID: String
    let isFlexible: Bool
}

/// A response on its way: bytes with the length in front, and runs of files that belong between.
package struct OutgoingFrame {
    /// A run of a file.
    package struct Part {
        package var position: Int
        package var file: any LogFile
        package var range: Range<Int64>
    }

    package var bytes: [UInt8]
    package var parts: [Part]
}

/// What the broker needs from what drives it.
package protocol BrokerDriver: AnyObject {
    /// Sends the answer to a request; nil when the client wants none.
    func send(_ frame: OutgoingFrame?, slot: UInt64, connection: ClientConnection)
    /// Cuts a client off, once the answers that it was sent are out.
    func close(_ connection: ClientConnection, reason: String)
    /// Asks that ``BrokerEngine/takeSyncJobs(_:)`` be called soon and its work done elsewhere; the
    /// lanes don't wait for each other.
    func syncWanted(_ lane: SyncLane)
    /// Asks that a job be run elsewhere and handed to ``BrokerEngine/finishCompaction(_:now:)``.
    func compactionWanted(_ job: CompactionJob)
    /// A line for the log: no payloads, no secrets.
    func log(_ line: String)
}
