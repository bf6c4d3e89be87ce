public import Records

extension TaskContext {
    /// Appends a record whose key chooses its partition, unless it was chosen, and that carries its event time in its
    /// value: the log's own timestamp need not lie where a topic refuses it.
    @inline(__always)
    func append(
        topic: Int, at time: EventTime, to chosen: Int32?, of partitions: Int32,
        key: (inout ByteWriter) -> Void,
        value: (inout ByteWriter) -> Void
    ) {
        var writer = ByteWriter(takingOver: &outputs.bytes)
        let start = writer.count
        key(&writer)
        let middle = writer.count
        value(&writer)
        let end = writer.count
        writer.giveBack(to: &outputs.bytes)
        let stamp = stamp(time, topic: topic)
        if end - start > leastBound,
            isRefused(topic, start..<middle, middle..<end, stampedAt: stamp, at: time)
        {
            return
        }
        let partition =
            chosen
            ?? outputs.bytes.withUnsafeBytes {
                Murmur2.partition(
                    UnsafeRawBufferPointer(rebasing: $0[start..<middle]), of: partitions)
            }
        outputs.entries.append(
            OutputBatch.Entry(
                topic: topic, partition: partition, timestamp: stamp, key: start..<middle,
                value: middle..<end))
    }

    /// Appends a record without a key to a partition; a negative one leaves the choice to the client.
    func append(
        topic: Int, partition: Int32, at time: EventTime, headers: [RecordHeader] = [],
        value: (inout ByteWriter) -> Void
    ) {
        var writer = ByteWriter(takingOver: &outputs.bytes)
        let start = writer.count
        value(&writer)
        let end = writer.count
        writer.giveBack(to: &outputs.bytes)
        outputs.entries.append(
            OutputBatch.Entry(
                topic: topic, partition: partition, timestamp: time, key: nil, value: start..<end,
                headers: headers))
    }

    /// Appends a record in the form that its type gives it.
    public func append<Record: TopicRecord>(
        _ record: Record, topic: Int, partitions: Int32, at time: EventTime
    ) {
        var writer = ByteWriter(takingOver: &outputs.bytes)
        let start = writer.count
        let hasKey = record.encodeKey(into: &writer)
        let middle = writer.count
        let hasValue = record.encodeValue(into: &writer)
        let end = writer.count
        writer.giveBack(to: &outputs.bytes)
        if end - start > leastBound || time > latestTime || time < earliestTime
            || !hasKey && leastLimits.needsKey,
            isRefused(
                topic, hasKey ? start..<middle : nil, hasValue ? middle..<end : nil,
                stampedAt: time, at: time)
        {
            return
        }
        let partition =
            hasKey
            ? outputs.bytes.withUnsafeBytes {
                Murmur2.partition(
                    UnsafeRawBufferPointer(rebasing: $0[start..<middle]), of: partitions)
            } : -1
        outputs.entries.append(
            OutputBatch.Entry(
                topic: topic, partition: partition,
                timestamp: time > latestTime ? earlyStamp(time, topic: topic) : time,
                key: hasKey ? start..<middle : nil, value: hasValue ? middle..<end : nil))
    }
}
