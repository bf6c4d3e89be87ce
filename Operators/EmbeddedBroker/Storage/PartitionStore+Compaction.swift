internal import BrokerModel
internal import Records

/// How far compaction has come in a partition.
struct CompactionState: Hashable {
    /// Everything below was gone through, durably.
    var cleanedUpTo: Int64 = 0
    /// Below this offset segments may have been replaced, so that gaps are no losses.
    var touchedUpTo: Int64 = 0
}

extension CompactionState: BinaryCodable {
    init(from reader: inout ByteReader) throws(CodecError) {
        cleanedUpTo = try reader.integer()
        touchedUpTo = try reader.integer()
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(cleanedUpTo)
        writer.integer(touchedUpTo)
    }
}

extension PartitionStore {
    /// Where it is kept how far compaction has come.
    var compactionPath: String { directory + "/compaction" }

    /// Puts the segments that a pass of compaction wrote in the places of the old ones; those that
    /// have nothing left go.
    func install(_ job: CompactionJob) throws(FileError) {
        // Those that were dropped in the meantime have no place any more.
        let cleaned = job.cleaned.filter { pair in segments.contains { $0 === pair.old } }
        if !cleaned.isEmpty {
            var touched = compaction
            touched.touchedUpTo = max(touched.touchedUpTo, job.end)
            try files.replace(compactionPath, with: sealed(touched), durable: true)
            adopt(touched)
            // An index must not be found beside a segment that it does not fit.
            for pair in cleaned { try files.remove(pair.old.indexPath) }
            try files.syncDirectory(directory)
        }
        for pair in cleaned {
            if pair.new.size == 0 {
                try files.remove(pair.old.path)
                replace(pair.old, by: nil)
            } else {
                try files.rename(pair.path, to: pair.old.path)
                replace(pair.old, by: pair.new)
                try? files.replace(
                    pair.new.indexPath, with: sealed(pair.new.index), durable: false)
            }
        }
        if !cleaned.isEmpty { try files.syncDirectory(directory) }
        var done = compaction
        done.cleanedUpTo = max(done.cleanedUpTo, job.end)
        try files.replace(compactionPath, with: sealed(done), durable: false)
        adopt(done)
    }
}
