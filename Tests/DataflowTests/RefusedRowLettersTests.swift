import Dataflow
import Records
import State
import Testing

@Suite("Dead letters of refused rows")
struct RefusedRowLettersTests {
    private static let table = TableSpec("out", columns: [.init("id", .integer)], key: ["id"])

    /// The letters of the rows that one commit writes, all of which are refused.
    private static func letters(of commit: String, reasons: [String]) throws -> [[TableValue]] {
        let context = TaskContext(
            pipeline: "p", partition: 3, stageTasks: 4, incarnation: 1, partitionCount: { _ in 4 })
        let id = try #require(OperatorID("sink"))
        let outlet = context.rowOutlet(table, by: id, isDirect: false)
        for number in reasons.indices {
            outlet.write(.upsert([.integer(Int64(number))]), at: EventTime(milliseconds: 1))
        }
        let letters = try #require(context.changes(of: commit).letters)
        let refused = reasons.enumerated().map {
            RefusedRow(table: 0, row: $0.offset, reason: $0.element)
        }
        return letters(refused).rows.compactMap { change in
            if case .upsert(let row) = change { row } else { nil }
        }
    }

    @Test("a run that begins anew writes its letters beside those of the one before")
    func freshStart() throws {
        let first = try Self.letters(of: "1-a", reasons: ["x", "y"])
        let again = try Self.letters(of: "1-a", reasons: ["x", "y"])
        let fresh = try Self.letters(of: "1-b", reasons: ["x", "y"])
        // Pipeline, operator, topic, partition and offset are the table's key.
        let keys = { (rows: [[TableValue]]) in Set(rows.map { Array($0.prefix(5)) }) }
        #expect(keys(first).count == 2)
        #expect(keys(first) == keys(again))
        #expect(keys(first).isDisjoint(with: keys(fresh)))
        #expect(first[0][2] == .text("table out, commit 1-a"))
    }
}
