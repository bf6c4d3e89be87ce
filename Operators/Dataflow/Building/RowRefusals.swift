internal import Records
internal import State

/// The rows of one commit with their records, to make dead letters of those that a database refuses.
struct RowRefusals: Sendable {
    let pipeline: String
    let partition: Int32
    let epoch: UInt64
    let tables: [TableChanges]
    let origins: [RowOrigins]

    /// How many low bits of a letter's offset number the rows of a commit, where no record has the number.
    static let rowBits: UInt64 = 24

    /// The dead letters of refused rows.
    func letters(_ refused: [RefusedRow]) -> TableChanges {
        TableChanges(
            table: DeadLetterOutlet.table,
            rows: refused.map { .upsert(DeadLetterOutlet.row(letter($0), pipeline: pipeline)) })
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
            letter.partition = TopicPartition(topic: "table \(table.name)", partition: partition)
            letter.offset = Offset(
                Int64(truncatingIfNeeded: epoch << RowRefusals.rowBits | UInt64(refused.row)))
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
