public import Records
public import State

/// Where one sink puts its rows, each with the record that it came of.
public struct RowOutlet {
    private let context: TaskContext
    private let table: Int
    private let writer: Int
    private let isDirect: Bool

    init(context: TaskContext, table: Int, writer: Int, isDirect: Bool) {
        self.context = context
        self.table = table
        self.writer = writer
        self.isDirect = isDirect
    }

    /// Adds a change to the task's next commit.
    public func write(_ change: RowChange, at time: EventTime) {
        context.tables[table].rows.append(change)
        context.origins[table].note(
            by: writer, at: time, isDirect ? context.currentPosition : nil,
            isDirect ? context.currentRecord : nil)
    }
}
