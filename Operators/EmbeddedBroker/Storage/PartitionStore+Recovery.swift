internal import BrokerModel
internal import Records

// Opening a partition, and the snapshots that make it quick.

extension PartitionStore {
    /// A value with its checksum in front.
    func sealed(_ value: some BinaryCodable) -> [UInt8] {
        let body = value.encoded
        var writer = ByteWriter(capacity: body.count + 4)
        writer.integer(CRC32C.checksum(body))
        writer.raw(body)
        return writer.bytes
    }

    private func unsealed<T: BinaryCodable>(_ type: T.Type, _ path: String) -> T? {
        guard let bytes = try? files.content(path) else { return nil }
        return bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            guard let checksum = try? reader.integer(UInt32.self),
                let body = try? reader.raw(reader.remaining),
                CRC32C.checksum(body) == checksum
            else { return nil }
            return try? T(decoding: body)
        }
    }

    /// Writes a snapshot of the state at `log.endOffset`; everything below must be synced.
    func writeSnapshot(_ log: PartitionLog) throws(FileError) {
        let path = directory + "/" + Segment.name(log.endOffset) + ".snapshot"
        try files.replace(path, with: sealed(log), durable: true)
        for name in try files.names(in: directory)
        where name.hasSuffix(".snapshot") && directory + "/" + name != path {
            try? files.remove(directory + "/" + name)
        }
        noteRecoveryPoint(log.endOffset)
    }

    /// Syncs everything and writes a snapshot and the index, so that the next start walks nothing.
    func close() throws(FileError) {
        for segment in segments where segment.synced < segment.size {
            try segment.file.sync()
            segment.synced = segment.size
        }
        if let active {
            try files.replace(active.indexPath, with: sealed(active.index), durable: false)
        }
        try writeSnapshot(log)
    }

    /// Opens the folder: reads the newest snapshot, walks the batches behind it, cuts a torn tail.
    ///
    /// - Parameter startOffset: the first offset that was not deleted, as is known durably.
    func open(startOffset: Int64, now: Int64) throws(FileError) {
        try files.createDirectory(directory, durable: false)
        let names = try files.names(in: directory)
        for name in names where name.hasSuffix(".new") { try files.remove(directory + "/" + name) }
        let bases = names.filter { $0.hasSuffix(".log") }.compactMap { Int64($0.dropLast(4)) }
        var opened: [Segment] = []
        for base in bases.sorted() {
            let path = directory + "/" + Segment.name(base) + ".log"
            opened.append(try Segment(baseOffset: base, path: path, files: files))
        }
        var snapshot: PartitionLog?
        for name in names.reversed() where name.hasSuffix(".snapshot") && snapshot == nil {
            snapshot = unsealed(PartitionLog.self, directory + "/" + name)
        }
        adopt(unsealed(CompactionState.self, compactionPath) ?? CompactionState())
        var recovery = Recovery(deletedUpTo: startOffset)
        let isReached = try recover(opened, from: snapshot ?? PartitionLog(), &recovery)
        if let snapshot, isReached {
            noteRecoveryPoint(snapshot.endOffset)
        } else if let snapshot {
            // The files do not reach as far as it says: believe the files, but for what offsets
            // were given out.
            recovery = Recovery(
                deletedUpTo: startOffset, seesGaps: false, truncated: recovery.truncated)
            _ = try recover(opened, from: PartitionLog(), &recovery)
            log.raiseEnd(to: snapshot.endOffset)
        }
        let kept = opened.filter { $0.size > 0 || $0 === opened.last }
        for segment in opened where !kept.contains(where: { $0 === segment }) {
            try files.remove(segment.path)
        }
        for segment in kept { segment.noteOpened(now: now) }
        adopt(kept, truncated: recovery.truncated)
        try settleEnd(recovery)
    }

    /// Sets where the log begins and ends, and what is appended to.
    private func settleEnd(_ recovery: Recovery) throws(FileError) {
        // A segment begins where the log ended when it was made: offsets below were given out, though
        // their records were deleted or compacted away since.
        log.raiseStart(to: recovery.deletedUpTo)
        if let first = segments.first { log.raiseEnd(to: first.baseOffset) }
        if !recovery.isBroken, let last = segments.last { log.raiseEnd(to: last.baseOffset) }
        if let active, active.size == 0, active.baseOffset != log.endOffset {
            try files.remove(active.path)
            adopt(Array(segments.dropLast()), truncated: truncatedBytes)
        }
        let isBehind = log.endOffset > recovery.reached
        if segments.isEmpty || isBehind { try roll() }
        for segment in segments where segment.synced < segment.size {
            try segment.file.sync()
            segment.synced = segment.size
        }
        // What is missing between the files' end and the log's must not look like a loss.
        if isBehind { try writeSnapshot(log) }
        log.raiseHighWatermark(to: log.endOffset)
        _ = dropSegments(below: recovery.deletedUpTo)
    }

    /// What recovery found.
    private struct Recovery {
        /// Below this offset records were deleted, so that segments may be missing.
        var deletedUpTo: Int64
        /// Whether a gap between two segments is a loss.
        var seesGaps = true
        /// Whether something was cut off, with all that followed.
        var isBroken = false
        var truncated: Int64 = 0
        /// Where the records in the files end.
        var reached: Int64 = 0
    }

    /// Replays the batches behind the snapshot; false when the files end before it.
    private func recover(
        _ segments: [Segment], from snapshot: PartitionLog, _ recovery: inout Recovery
    ) throws(FileError) -> Bool {
        log = snapshot
        var reached: Int64 = segments.first?.baseOffset ?? snapshot.endOffset
        defer { recovery.reached = reached }
        for (number, segment) in segments.enumerated() {
            segment.reset()
            // Compaction leaves gaps, below the snapshot; elsewhere the end of a segment was lost.
            let isGap =
                segment.baseOffset > max(reached, recovery.deletedUpTo)
                && reached >= max(snapshot.endOffset, compaction.touchedUpTo) && recovery.seesGaps
            if isGap { recovery.isBroken = true }
            if recovery.isBroken {
                recovery.truncated += segment.file.size
                try segment.file.truncate(to: 0)
                continue
            }
            let next = number + 1 < segments.count ? segments[number + 1].baseOffset : nil
            if let next, next <= snapshot.endOffset,
                let index = unsealed(SegmentIndex.self, segment.indexPath),
                index.coveredBytes == segment.file.size
            {
                segment.adopt(size: segment.file.size, index: index)
                reached = next
                continue
            }
            reached = max(reached, segment.baseOffset)
            try replay(segment, above: snapshot.endOffset, &reached, &recovery)
        }
        return reached >= snapshot.endOffset || snapshot.startOffset == snapshot.endOffset
    }

    /// Takes the batches of a segment, and cuts off what can't be read.
    private func replay(
        _ segment: Segment, above snapshotEnd: Int64, _ reached: inout Int64,
        _ recovery: inout Recovery
    ) throws(FileError) {
        let size = segment.file.size
        var end = reached
        try segment.walk(from: 0, to: size, whole: true) { header, _, bytes in
            // Below the snapshot everything was synced and is only indexed again.
            if header.lastOffset >= snapshotEnd {
                guard header.baseOffset >= log.endOffset,
                    RecordBatchHeader.computedChecksum(bytes) == header.checksum
                else { return false }
                log.append(header, commits: header.isControl && Marker.commits(bytes))
            }
            segment.note(header)
            end = header.lastOffset + 1
            return true
        }
        reached = end
        guard segment.size < size else { return }
        recovery.truncated += size - segment.size
        try segment.cutTail()
        recovery.isBroken = true
    }
}

/// The marker in a control batch.
enum Marker {
    /// Whether it commits: its key is a version and a type, 1 for a commit.
    static func commits(_ batch: UnsafeRawBufferPointer) -> Bool {
        guard batch.count > RecordBatchHeader.size else { return false }
        var reader = ByteReader(
            UnsafeRawBufferPointer(rebasing: batch[RecordBatchHeader.size...]))
        do throws(CodecError) {
            _ = try reader.zigzag()
            _ = try reader.integer(UInt8.self)
            _ = try reader.zigzag()
            _ = try reader.zigzag()
            guard try reader.zigzag() >= 4 else { return false }
            _ = try reader.bigEndian(Int16.self)
            return try reader.bigEndian(Int16.self) == 1
        } catch {
            return false
        }
    }
}
