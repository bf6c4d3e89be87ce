internal import BrokerModel

// Finding records by their time.

extension PartitionStore {
    /// The first record with a timestamp of at least `timestamp`, from the start of the log on.
    func record(
        atOrAfter timestamp: Int64, below end: Int64
    ) throws(FileError) -> (offset: Int64, timestamp: Int64)? {
        let start = log.startOffset
        for segment in segments where segment.index.greatestTimestamp >= timestamp {
            var found: (offset: Int64, timestamp: Int64)?
            var isPast = false
            try segment.walk(
                from: segment.index.position(beforeTimestamp: timestamp), to: segment.size,
                whole: true
            ) { header, _, bytes in
                isPast = header.baseOffset >= end
                if isPast { return false }
                if header.isControl || header.maxTimestamp < timestamp
                    || header.lastOffset < start
                {
                    return true
                }
                found = Self.record(header, bytes, atOrAfter: timestamp, from: start)
                return found == nil
            }
            if found != nil || isPast { return found }
        }
        return nil
    }

    /// The greatest timestamp of a record from the start of the log on, nil without records.
    func greatestTimestamp(below end: Int64) throws(FileError) -> Int64? {
        let start = log.startOffset
        var greatest: Int64 = -1
        for segment in segments where segment.index.greatestTimestamp > greatest {
            let wanted = segment.index.greatestTimestamp
            // By the index, which is right but for what was deleted or may not be read yet.
            var isSeen = false
            try segment.walk(
                from: segment.index.position(beforeTimestamp: wanted), to: segment.size,
                whole: true
            ) { header, _, bytes in
                guard !header.isControl, header.maxTimestamp >= wanted else { return true }
                isSeen =
                    header.baseOffset < end
                    && Self.greatestTimestamp(header, bytes, from: start) == wanted
                return false
            }
            if isSeen {
                greatest = wanted
                continue
            }
            try segment.walk(
                from: segment.index.position(atOrBefore: start), to: segment.size, whole: true
            ) { header, _, bytes in
                guard header.baseOffset < end else { return false }
                guard !header.isControl, header.maxTimestamp > greatest else { return true }
                greatest = max(greatest, Self.greatestTimestamp(header, bytes, from: start))
                return true
            }
        }
        return greatest < 0 ? nil : greatest
    }

    private static func record(
        _ header: RecordBatchHeader, _ bytes: UnsafeRawBufferPointer, atOrAfter timestamp: Int64,
        from start: Int64
    ) -> (offset: Int64, timestamp: Int64)? {
        var found: (offset: Int64, timestamp: Int64)?
        forEach(header, bytes, from: start) { offset, time in
            if time >= timestamp { found = (offset, time) }
            return found == nil
        }
        return found
    }

    private static func greatestTimestamp(
        _ header: RecordBatchHeader, _ bytes: UnsafeRawBufferPointer, from start: Int64
    ) -> Int64 {
        var greatest: Int64 = -1
        forEach(header, bytes, from: start) { _, time in
            greatest = max(greatest, time)
            return true
        }
        return greatest
    }

    /// Offset and timestamp of each record at or above `start` until `body` returns false; of a
    /// batch that can't be read, what its header says.
    private static func forEach(
        _ header: RecordBatchHeader, _ bytes: UnsafeRawBufferPointer, from start: Int64,
        _ body: (_ offset: Int64, _ timestamp: Int64) -> Bool
    ) {
        guard header.lastOffset >= start else { return }
        let first = max(header.baseOffset, start)
        if header.hasAppendTime {
            _ = body(first, header.maxTimestamp)
            return
        }
        do {
            try RecordBatch.forEach(header, bytes) { record in
                let time = header.baseTimestamp.addingReportingOverflow(record.timestampDelta)
                let offset = header.baseOffset + record.offsetDelta
                guard offset >= start, !time.overflow else { return true }
                return body(offset, time.partialValue)
            }
        } catch {
            _ = body(first, header.maxTimestamp)
        }
    }
}
