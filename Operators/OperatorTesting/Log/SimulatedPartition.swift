internal import Records

/// One partition of a ``SimulatedLog``: what lies at each offset, as markers of transactions occupy some.
struct SimulatedPartition {
    /// A record and the place and the client that it has.
    struct Found {
        let offset: Int
        let record: SimulatedLog.Record
        /// The number of the client that appended it; 0: nobody's.
        let writer: Int
    }

    private enum Entry {
        case record(SimulatedLog.Record, transaction: UInt64?, writer: Int)
        case marker
    }

    private var entries: [Entry] = []
    /// The first offset of each transaction that is open.
    private var open: [UInt64: Int] = [:]
    private var aborted: Set<UInt64> = []
    /// The first offset that is still there.
    private(set) var earliest = 0

    /// The offset behind everything.
    var end: Int { entries.count }

    /// The offset at which the oldest open transaction begins: readers see nothing from there on.
    var lastStableOffset: Int { open.values.min() ?? entries.count }

    mutating func append(_ record: SimulatedLog.Record, transaction: UInt64?, writer: Int) {
        if let transaction, open[transaction] == nil { open[transaction] = entries.count }
        entries.append(.record(record, transaction: transaction, writer: writer))
    }

    /// Takes what lies below an offset.
    mutating func delete(below offset: Int) {
        earliest = max(earliest, min(offset, entries.count))
    }

    /// Ends a transaction: its records are seen from now on, or never.
    mutating func end(_ transaction: UInt64, isCommitted: Bool) {
        guard open.removeValue(forKey: transaction) != nil else { return }
        if !isCommitted { aborted.insert(transaction) }
        entries.append(.marker)
    }

    /// What a reader of committed records finds from an offset on.
    ///
    /// - Returns: at most `maximum` records, and where reading goes on behind them and behind what is never
    ///   seen.
    func visible(from start: Int, maximum: Int) -> (records: [Found], next: Int) {
        var found: [Found] = []
        var next = max(start, earliest)
        let stable = lastStableOffset
        while next < stable {
            if case .record(let record, let transaction, let writer) = entries[next],
                transaction.map({ !aborted.contains($0) }) ?? true
            {
                if found.count == maximum { break }
                found.append(Found(offset: next, record: record, writer: writer))
            }
            next += 1
        }
        return (found, next)
    }
}
