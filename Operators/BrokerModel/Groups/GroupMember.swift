package import Records

/// A member of a consumer group.
package struct GroupMember: Hashable, Sendable {
    /// A way of assigning partitions that the member supports, with what it tells the leader.
    package struct Strategy: Hashable, Sendable {
        package var name: String
        package var metadata: [UInt8]

        package init(name: String, metadata: [UInt8]) {
            self.name = name
            self.metadata = metadata
        }
    }

    package var id: String
    /// The name of a static member (KIP-345).
    package var instanceID: String?
    package var clientID: String
    package var clientHost: String
    package var sessionTimeout: Int64
    package var rebalanceTimeout: Int64
    /// The strategies in the member's order of preference.
    package var strategies: [Strategy]
    package var assignment: [UInt8] = []

    /// When the member is given up unless it is heard of, in ms; not kept over a restart.
    package var expires: Int64 = .max
    /// The request that waits for the next generation.
    package var joining: ReplyToken?
    /// The request that waits for the assignment.
    package var syncing: ReplyToken?
    /// Whether a member without session yet waits for its first generation.
    package var isNew = false

    package init(
        id: String, instanceID: String?, clientID: String, clientHost: String,
        sessionTimeout: Int64, rebalanceTimeout: Int64, strategies: [Strategy]
    ) {
        self.id = id
        self.instanceID = instanceID
        self.clientID = clientID
        self.clientHost = clientHost
        self.sessionTimeout = sessionTimeout
        self.rebalanceTimeout = rebalanceTimeout
        self.strategies = strategies
    }

    /// What the member says about the strategy.
    package func metadata(for strategy: String?) -> [UInt8] {
        strategies.first { $0.name == strategy }?.metadata ?? []
    }
}

extension GroupMember: BinaryCodable {
    package init(from reader: inout ByteReader) throws(CodecError) {
        id = try reader.string()
        instanceID = try String?(from: &reader)
        clientID = try reader.string()
        clientHost = try reader.string()
        sessionTimeout = try reader.integer()
        rebalanceTimeout = try reader.integer()
        strategies = []
        for _ in 0..<(try reader.count(minimumSize: 2)) {
            strategies.append(
                Strategy(
                    name: try reader.string(), metadata: [UInt8](try reader.lengthPrefixed())))
        }
        assignment = [UInt8](try reader.lengthPrefixed())
    }

    package func encode(into writer: inout ByteWriter) {
        writer.string(id)
        instanceID.encode(into: &writer)
        writer.string(clientID)
        writer.string(clientHost)
        writer.integer(sessionTimeout)
        writer.integer(rebalanceTimeout)
        writer.varint(UInt64(strategies.count))
        for strategy in strategies {
            writer.string(strategy.name)
            writer.lengthPrefixed(strategy.metadata)
        }
        writer.lengthPrefixed(assignment)
    }
}
