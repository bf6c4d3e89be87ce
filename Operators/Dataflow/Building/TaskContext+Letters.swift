public import Records

/// Who writes a topic, and what it takes.
struct TopicWriter {
    /// The operator that opened it first; nil for dead letters.
    var operatorID: OperatorID?
    /// The most bytes of key, value and headers.
    var bound: Int
    /// What else it refuses.
    var limits = TopicLimits.none
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
            let (bound, limits) = (recordBound(name), topicLimits(name))
            topicWriters.append(
                TopicWriter(
                    operatorID: operatorID, bound: bound, limits: limits, isDirect: isDirect))
            leastBound = min(leastBound, bound)
            leastLimits.tighten(by: limits)
            noteTimes()
        }
        return index
    }

    /// Registers the topic of dead letters, which are cut to its bound.
    func letterTopic(_ name: String) -> Int {
        let index = topic(name)
        if index == topicWriters.count {
            topicWriters.append(
                TopicWriter(
                    operatorID: nil, bound: recordBound(name), limits: topicLimits(name),
                    isDirect: false))
        }
        return index
    }

    /// The timestamp of a record that carries its event time in its value: one that the topic takes, and never a
    /// later one than now.
    @inline(__always)
    func stamp(_ time: EventTime, topic: Int) -> EventTime {
        time <= now && time >= earliestTime ? time : takenStamp(time, topic: topic)
    }

    @inline(never)
    private func takenStamp(_ time: EventTime, topic: Int) -> EventTime {
        let limits = topicWriters[topic].limits
        return time < limits.earliest(now) || (time > now && now > .min) ? now : time
    }

    /// The timestamp of a dead letter: its own, unless the topic doesn't take that.
    private func letterStamp(_ time: EventTime, topic: Int) -> EventTime {
        topicWriters[topic].limits.takes(time, now: now) ? time : now
    }

    /// The timestamp of a result that bears the end of its window: as late a one as the topic takes.
    @inline(never)
    func earlyStamp(_ time: EventTime, topic: Int) -> EventTime {
        min(time, topicWriters[topic].limits.latest(now))
    }

    private func topic(_ name: String) -> Int {
        if let index = outputs.topics.firstIndex(of: name) { return index }
        outputs.topics.append(name)
        return outputs.topics.count - 1
    }

    /// Keeps a record that its topic can't take, for its size, its time or for want of a key, as a dead letter.
    ///
    /// It lies at the end of the output's bytes and is taken away from there.
    ///
    /// - Parameters:
    ///   - stamp: the timestamp that it would bear.
    ///   - time: its event time.
    /// - Returns: whether the topic can't take it.
    @inline(never)
    func isRefused(
        _ topic: Int, _ key: Range<Int>?, _ value: Range<Int>?, stampedAt stamp: EventTime,
        at time: EventTime
    ) -> Bool {
        let writer = topicWriters[topic]
        guard let operatorID = writer.operatorID, let openLetters,
            let (code, reason) = refusal(topic, key, value, at: stamp)
        else { return false }
        var letter = DeadLetter(code: code, reason: reason, operatorID: operatorID, time: time)
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

    /// Why a topic doesn't take a record; nil when it does.
    private func refusal(
        _ topic: Int, _ key: Range<Int>?, _ value: Range<Int>?, at time: EventTime
    ) -> (DataflowError.Code, String)? {
        let writer = topicWriters[topic]
        let name = outputs.topics[topic]
        let size = (key?.count ?? 0) + (value?.count ?? 0)
        if size > writer.bound {
            return (.limitExceeded, "a record of \(size) bytes: \(name) takes \(writer.bound)")
        }
        if writer.isDirect, time > writer.limits.latest(now) {
            return (
                .rejected,
                "a record of \(time), at \(now): \(name) takes what lies "
                    + "\(writer.limits.aheadMilliseconds) ms ahead at most (message.timestamp.after.max.ms)"
            )
        }
        if time < writer.limits.earliest(now) {
            return (
                .rejected,
                "a record of \(time), at \(now): \(name) takes what lies "
                    + "\(writer.limits.behindMilliseconds) ms back at most (message.timestamp.before.max.ms)"
            )
        }
        if key == nil, writer.limits.needsKey {
            return (.rejected, "a record without a key: \(name) is compacted")
        }
        return nil
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
                topic: topic, partition: -1, timestamp: letterStamp(letter.time, topic: topic),
                key: key == nil ? nil : start..<middle,
                value: value == nil ? nil : middle..<outputs.bytes.count, headers: headers))
    }
}
