package import Records

/// What the coordinator knows of one transactional id.
package struct Transaction: Hashable, Sendable {
    /// Where the newest transaction of the id stands (KIP-98).
    package enum State: UInt8, Sendable {
        case empty, ongoing, prepareCommit, prepareAbort, completeCommit, completeAbort

        /// The word that tools know.
        package var name: String {
            switch self {
            case .empty: "Empty"
            case .ongoing: "Ongoing"
            case .prepareCommit: "PrepareCommit"
            case .prepareAbort: "PrepareAbort"
            case .completeCommit: "CompleteCommit"
            case .completeAbort: "CompleteAbort"
            }
        }
    }

    package let id: String
    package var producerID: Int64
    package var epoch: Int16
    /// The epoch before the last raise that the producer itself asked for, -1 without one: a
    /// repeated request is recognised by it (KIP-360).
    package var lastEpoch: Int16 = -1
    package var timeout: Int64
    package var state = State.empty
    /// Where the transaction writes.
    package var partitions: Set<OffsetStore.Place> = []
    /// The groups whose offsets it commits.
    package var groups: Set<String> = []
    /// When it began, in ms since 1970, -1 before the first.
    package var started: Int64 = -1
    package var updated: Int64

    package init(id: String, producerID: Int64, epoch: Int16, timeout: Int64, now: Int64) {
        self.id = id
        self.producerID = producerID
        self.epoch = epoch
        self.timeout = timeout
        updated = now
    }
}

extension Transaction: BinaryCodable {
    package init(from reader: inout ByteReader) throws(CodecError) {
        id = try reader.string()
        producerID = try reader.integer()
        epoch = Int16(bitPattern: try reader.integer(UInt16.self))
        lastEpoch = Int16(bitPattern: try reader.integer(UInt16.self))
        timeout = try reader.integer()
        guard let state = State(rawValue: try reader.integer(UInt8.self)) else {
            throw .malformed("the state of a transaction")
        }
        self.state = state
        for _ in 0..<(try reader.count(minimumSize: 5)) {
            partitions.insert(
                OffsetStore.Place(topic: try reader.string(), partition: try reader.integer()))
        }
        groups = Set(try [String](from: &reader))
        started = try reader.integer()
        updated = try reader.integer()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.string(id)
        writer.integer(producerID)
        writer.integer(UInt16(bitPattern: epoch))
        writer.integer(UInt16(bitPattern: lastEpoch))
        writer.integer(timeout)
        writer.integer(state.rawValue)
        writer.varint(UInt64(partitions.count))
        for place in partitions.sorted() {
            writer.string(place.topic)
            writer.integer(place.partition)
        }
        groups.sorted().encode(into: &writer)
        writer.integer(started)
        writer.integer(updated)
    }
}
