internal import Records
internal import State

/// The rows of one commit with their records, to make dead letters of those that a database refuses.
struct RowRefusals: Sendable {
    let pipeline: String
    let partition: Int32
    /// Names the commit: no other has the name, whatever run it is of.
    let commit: String
    let tables: [TableChanges]
    let origins: [RowOrigins]

    /// The most rows of one record whose reasons its letter tells.
    static let maximumReasons = 8

    /// The place of a letter, of which there is one.
    private struct Place: Hashable {
        let operatorID: OperatorID
        let partition: TopicPartition?
        let offset: Offset?
    }

    /// The dead letters of refused rows: one a record, with the reasons of all of its rows.
    func letters(_ refused: [RefusedRow]) -> TableChanges {
        var letters: [(letter: DeadLetter, reasons: [String])] = []
        var known: [Place: Int] = [:]
        for row in refused {
            let letter = letter(row)
            let place = Place(
                operatorID: letter.operatorID, partition: letter.partition, offset: letter.offset)
            if let index = known[place] {
                letters[index].reasons.append(row.reason)
            } else {
                known[place] = letters.count
                letters.append((letter, []))
            }
        }
        return TableChanges(
            table: DeadLetterOutlet.table,
            rows: letters.map { letter, reasons in
                var letter = letter
                if !reasons.isEmpty { letter.reason += RowRefusals.further(reasons) }
                return .upsert(DeadLetterOutlet.row(letter, pipeline: pipeline))
            })
    }

    /// What is said of further rows of a record.
    private static func further(_ reasons: [String]) -> String {
        let told = reasons.prefix(maximumReasons - 1).joined(separator: "; ")
        let left = reasons.count - (maximumReasons - 1)
        return "; \(reasons.count) more of its rows: \(told)"
            + (left > 0 ? "; and \(left) more" : "")
    }

    private func letter(_ refused: RefusedRow) -> DeadLetter {
        let (changes, known) = (tables[refused.table], origins[refused.table])
        let table = changes.table
        let entry = known.entries[refused.row]
        var letter = DeadLetter(
            code: .rejected, reason: refused.reason, operatorID: known.writers[entry.writer],
            time: entry.time)
        if let place = entry.place, let partition = place.partition {
            letter.partition = partition
            letter.offset = place.offset
        } else {
            // No record has its place: the row of this commit.
            letter.partition = TopicPartition(
                topic: "table \(table.name), commit \(commit)", partition: partition)
            letter.offset = Offset(Int64(refused.row))
        }
        if entry.isKept {
            letter.key = entry.key.map { Array(known.bytes[$0]) }
            letter.value = entry.value.map { Array(known.bytes[$0]) }
        } else {
            letter.reason +=
                entry.place == nil
                ? "; it came of several records: key and value are the row's own"
                : "; key and value are the row's own, as too much was under way to keep the record"
            letter.key = RowText.key(changes.rows[refused.row], of: table)
            letter.value = RowText.row(changes.rows[refused.row], of: table)
        }
        return letter
    }
}
