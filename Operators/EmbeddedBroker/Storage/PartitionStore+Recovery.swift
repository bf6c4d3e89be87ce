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
    /// - Parameter startOffset: the first offset that was not deleted.
    func open(startOffset: Int64, now: Int64) throws(FileError) {
        try files.createDirectory(directory)
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
        var truncated: Int64 = 0
        if let snapshot, try !recover(opened, from: snapshot, now: now, &truncated) {
            // The files do not reach as far as the snapshot says: believe the files.
            log = PartitionLog()
            _ = try recover(opened, from: PartitionLog(), now: now, &truncated)
        } else if snapshot == nil {
            _ = try recover(opened, from: PartitionLog(), now: now, &truncated)
        }
        let kept = opened.filter { $0.size > 0 || $0 === opened.last }
        for segment in opened where !kept.contains(where: { $0 === segment }) {
            try files.remove(segment.path)
        }
        adopt(kept, truncated: truncated)
        if let first = kept.first { log.raiseStart(to: min(first.baseOffset, log.endOffset)) }
        log.raiseStart(to: startOffset)
        if active == nil || (active.map { $0.size == 0 && $0.baseOffset != log.endOffset } ?? false)
        {
            if let active, active.size == 0 {
                try files.remove(active.path)
                adopt(Array(kept.dropLast()), truncated: truncated)
            }
            try roll()
        }
        if let active, active.synced < active.size {
            try active.file.sync()
            active.synced = active.size
        }
        log.raiseHighWatermark(to: log.endOffset)
    }

    /// Replays the batches behind the snapshot; false when the files end before it.
    private func recover(
        _ segments: [Segment], from snapshot: PartitionLog, now: Int64, _ truncated: inout Int64
    ) throws(FileError) -> Bool {
        log = snapshot
        var isBroken = false
        var isFirst = snapshot.endOffset == 0
        var reached: Int64 = segments.first?.baseOffset ?? snapshot.endOffset
        for (number, segment) in segments.enumerated() {
            if isBroken {
                truncated += segment.file.size
                try segment.file.truncate(to: 0)
                continue
            }
            let next = number + 1 < segments.count ? segments[number + 1].baseOffset : nil
            if let next, next <= snapshot.endOffset,
                let index = unsealed(SegmentIndex.self, segment.indexPath),
                index.coveredBytes == segment.file.size
            {
                segment.adopt(size: segment.file.size, index: index, created: now)
                reached = next
                continue
            }
            if isFirst {
                log.raiseStart(to: segment.baseOffset)
                isFirst = false
            }
            let size = segment.file.size
            try segment.walk(from: 0, to: size, whole: true) { header, _, bytes in
                // Below the snapshot everything was synced and is only indexed again.
                if header.lastOffset >= snapshot.endOffset {
                    guard header.baseOffset >= log.endOffset,
                        RecordBatchHeader.computedChecksum(bytes) == header.checksum
                    else { return false }
                    log.append(header, commits: header.isControl && Marker.commits(bytes))
                }
                segment.note(header, now: now)
                reached = header.lastOffset + 1
                return true
            }
            if segment.size < size {
                truncated += size - segment.size
                try segment.cutTail()
                isBroken = true
            }
        }
        return reached >= snapshot.endOffset || snapshot.startOffset == snapshot.endOffset
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
