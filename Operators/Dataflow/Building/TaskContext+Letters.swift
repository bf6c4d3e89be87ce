public import Records

/// Who writes a topic, and what it takes.
struct TopicWriter {
    /// The operator that opened it first; nil for dead letters.
    var operatorID: OperatorID?
    /// The most bytes of key, value and headers.
    var bound: Int
    /// Whether each record comes of the one that is being read.
    var isDirect: Bool
}

extension TaskContext {
    /// Registers a topic that a sink writes.
    ///
    /// - Parameters:
    ///   - operatorID: who writes it.
    ///   - isDirect: whether each record comes of the one that is being read.
    /// - Returns: its index in the output batch.
    public func outputTopic(
        _ name: String, by operatorID: OperatorID, isDirect: Bool = false
    ) -> Int {
        let index = topic(name)
        if index < topicWriters.count {
            topicWriters[index].isDirect = topicWriters[index].isDirect && isDirect
        } else {
            let bound = recordBound(name)
            topicWriters.append(
                TopicWriter(operatorID: operatorID, bound: bound, isDirect: isDirect))
            leastBound = min(leastBound, bound)
        }
        return index
    }

    /// Registers the topic of dead letters, which are cut to its bound.
    func letterTopic(_ name: String) -> Int {
        let index = topic(name)
        if index == topicWriters.count {
            topicWriters.append(
                TopicWriter(operatorID: nil, bound: recordBound(name), isDirect: false))
        }
        return index
    }

    private func topic(_ name: String) -> Int {
        if let index = outputs.topics.firstIndex(of: name) { return index }
        outputs.topics.append(name)
        return outputs.topics.count - 1
    }

    /// Keeps a record that its topic can't take as a dead letter: it lies at the end of the output's bytes and
    /// is taken away from there.
    ///
    /// - Returns: whether the topic can't take it.
    @inline(never)
    func isRefused(
        _ topic: Int, _ key: Range<Int>?, _ value: Range<Int>?, at time: EventTime
    ) -> Bool {
        let writer = topicWriters[topic]
        let size = (key?.count ?? 0) + (value?.count ?? 0)
        guard size > writer.bound, let operatorID = writer.operatorID, let openLetters else {
            return false
        }
        var letter = DeadLetter(
            code: .limitExceeded,
            reason: "a record of \(size) bytes: \(outputs.topics[topic]) takes \(writer.bound)",
            operatorID: operatorID, time: time)
        if writer.isDirect, let record = currentRecord {
            letter.partition = currentPosition.partition
            letter.offset = record.offset
            letter.key = record.key.map { Array($0) }
            letter.value = record.value.map { Array($0) }
        } else {
            letter.reason += "; key and value are those of the record that was to be written"
            letter.key = key.map { Array(outputs.bytes[$0]) }
            letter.value = value.map { Array(outputs.bytes[$0]) }
        }
        let start = key?.lowerBound ?? value?.lowerBound ?? outputs.bytes.count
        outputs.bytes.removeSubrange(start...)
        openLetters(self).write(letter)
        return true
    }

    /// Appends a dead letter: the original bytes, reason and place as headers.
    ///
    /// What is longer than the topic takes is cut at its end, with the header `millrace.truncated` that says how
    /// many bytes key and value had.
    func append(_ letter: DeadLetter, topic: Int) {
        var headers = letter.headers
        let size = (letter.key?.count ?? 0) + (letter.value?.count ?? 0)
        var room = topicWriters[topic].bound
        if room < .max {
            headers.append(RecordHeader("millrace.truncated", String(size)))
            room -= headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.count + 10 }
            if size <= room { headers.removeLast() }
        }
        let key = letter.key.map { $0.prefix(max(0, room)) }
        let value = letter.value.map { $0.prefix(max(0, room - (key?.count ?? 0))) }
        let start = outputs.bytes.count
        outputs.bytes.append(contentsOf: key ?? [])
        let middle = outputs.bytes.count
        outputs.bytes.append(contentsOf: value ?? [])
        outputs.entries.append(
            OutputBatch.Entry(
                topic: topic, partition: -1, timestamp: letter.time,
                key: key == nil ? nil : start..<middle,
                value: value == nil ? nil : middle..<outputs.bytes.count, headers: headers))
    }
}
