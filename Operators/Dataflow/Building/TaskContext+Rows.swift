public import Records
public import State

extension TaskContext {
    /// Opens a table for a sink.
    ///
    /// - Parameter isDirect: whether each row comes of the one record that is being read.
    public func rowOutlet(
        _ table: TableSpec, by operatorID: OperatorID, isDirect: Bool
    ) -> RowOutlet {
        let index = self.table(table)
        return RowOutlet(
            context: self, table: index, writer: origins[index].writer(operatorID),
            isDirect: isDirect)
    }

    /// Registers a table that a sink writes.
    ///
    /// - Returns: its index in ``tables``.
    private func table(_ table: TableSpec) -> Int {
        if let index = tables.firstIndex(where: { $0.table == table }) { return index }
        tables.append(TableChanges(table: table))
        origins.append(RowOrigins())
        return tables.count - 1
    }

    /// The changes that a commit is to record, and what becomes of those that a database refuses.
    ///
    /// - Parameter commit: the commit's name, which no other commit has.
    public func changes(
        of commit: String
    ) -> (tables: [TableChanges], letters: CommitDecision.Letters?) {
        let taking = tables.indices.filter { !tables[$0].rows.isEmpty }
        if taking.isEmpty { return ([], nil) }
        let refusals = RowRefusals(
            pipeline: pipeline, partition: partition, commit: commit,
            tables: taking.map { tables[$0] }, origins: taking.map { origins[$0] })
        return (refusals.tables, { refusals.letters($0) })
    }

    /// Forgets the changes of a commit that was decided.
    public func removeChanges() {
        for index in tables.indices {
            tables[index].rows.removeAll(keepingCapacity: true)
            origins[index].removeAll()
        }
    }

    /// The record of the present batch that is being read; nil where none is.
    package var currentRecord: RecordView? {
        guard let batch, let place = position.pointee.partition, place == batch.partition,
            let first = batch.records.first
        else { return nil }
        let offset = position.pointee.offset
        // Mostly offsets have no gaps; where they have, the record lies further to the front.
        let distance = offset.rawValue - first.offset.rawValue
        guard distance >= 0 else { return nil }
        var index = Int(min(distance, Int64(batch.records.count - 1)))
        while index > 0, batch.records[index].offset > offset { index -= 1 }
        return batch.records[index].offset == offset ? batch.records[index] : nil
    }
}
