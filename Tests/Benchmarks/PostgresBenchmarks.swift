import Foundation
import PostgresClient
import Records
import State

/// Rows into PostgreSQL and commits of positions, on a private server unless `DATABASE_URL` names one.
enum PostgresBenchmarks {
    static var all: [Benchmark] { [Benchmark(name: "postgres.", run: run)] }

    /// Ten statements' worth of rows.
    private static let rowCount = 100_000
    private static let batchRows = 10_000
    private static let commitCount = 200

    private static func run(_ report: inout BenchmarkReport) throws {
        try withServer { configuration in
            try measureRows(configuration, &report)
            try measureCommits(configuration, &report)
        }
    }

    private static func table(_ name: String) -> TableSpec {
        TableSpec(
            name,
            columns: [
                .init("id", .integer), .init("at", .time), .init("latitude", .double),
                .init("longitude", .double), .init("mode", .text),
            ], key: ["id"])
    }

    private static func rows(seed: UInt64) -> [[TableValue]] {
        var random = SeededGenerator(seed: seed)
        // In the order in which vehicles report: none. Each batch is sorted by the writer.
        return (0..<rowCount).shuffled(using: &random).map { id in
            [
                .integer(Int64(id)), .time(EventTime(milliseconds: 1_795_305_600_000 + Int64(id))),
                .double(49 + random.unit()), .double(8 + random.unit()), .text("car"),
            ]
        }
    }

    private static func measureRows(
        _ configuration: PostgresConfiguration, _ report: inout BenchmarkReport
    ) throws {
        let connection = try PostgresConnection(configuration)
        let writer = PostgresTableWriter(configuration)
        let upserted = table("bench_upsert")
        let copied = table("bench_copy")
        for table in [upserted, copied] {
            try connection.script("DROP TABLE IF EXISTS \(table.name)")
            try writer.prepare(table)
        }
        let rows = rows(seed: 1)
        let batches = stride(from: 0, to: rowCount, by: batchRows).map { start in
            Array(rows[start..<start + batchRows])
        }
        let changes = batches.map { batch in
            [TableChanges(table: upserted, rows: batch.map { .upsert($0) })]
        }
        let copy = try medianSeconds {
            try connection.script("TRUNCATE bench_copy")
            for batch in batches {
                try connection.copy(into: copied.name, columns: copied.columns, rows: batch)
            }
        }
        let insert = try medianSeconds {
            try connection.script("TRUNCATE bench_upsert")
            for batch in changes { try writer.write(batch) }
        }
        // Every row is there already: each becomes an update.
        let upsert = try medianSeconds { for batch in changes { try writer.write(batch) } }
        let floor = Double(rowCount) / copy
        report.add("postgres.insert", Double(rowCount) / insert, unit: "rows/s", floor: floor)
        report.add("postgres.upsert", Double(rowCount) / upsert, unit: "rows/s", floor: floor)
        report.remark(
            "floor: COPY of the same \(batchRows)-row batches into an empty table with the same key; "
                + "insert: no key was there; upsert: every key was there")
        try connection.script("DROP TABLE bench_upsert, bench_copy")
    }

    private static func measureCommits(
        _ configuration: PostgresConfiguration, _ report: inout BenchmarkReport
    ) throws {
        let connection = try PostgresConnection(configuration)
        let authority = PostgresCommitAuthority(configuration, owner: "benchmark")
        let task = TaskID(run: "bench", stage: "commit", partition: 0)
        let input = TopicPartition(topic: "bench", partition: 0)
        let out = table("bench_commit")
        try connection.script("DROP TABLE IF EXISTS \(out.name)")
        try PostgresTableWriter(configuration).prepare(out)
        let rows = rows(seed: 2).prefix(commitCount)
        _ = try authority.claim(task, inputs: [input])
        let bare = try medianSeconds {
            for row in rows {
                guard case .integer(let id) = row[0] else { continue }
                try connection.transaction {
                    _ = try connection.query(
                        "INSERT INTO bench_commit (id, mode) VALUES ($1, $2) "
                            + "ON CONFLICT (id) DO UPDATE SET mode = EXCLUDED.mode",
                        [.integer(id), .text("car")])
                }
            }
        }
        var epoch: UInt64 = 0
        let decided = try medianSeconds {
            for row in rows {
                epoch += 1
                try authority.decide([
                    CommitDecision(
                        task: task,
                        position: CommitPosition(
                            offsets: [input: Offset(Int64(epoch))],
                            checkpoint: CheckpointRef(
                                epoch: epoch, attempt: epoch, manifestChecksum: 0)),
                        tables: [TableChanges(table: out, rows: [.upsert(row)])])
                ])
            }
        }
        report.add(
            "postgres.commit", Double(commitCount) / decided, unit: "commits/s",
            floor: Double(commitCount) / bare)
        report.remark("floor: BEGIN, an upsert of one row, COMMIT; both on one connection")
        try connection.script("DROP TABLE bench_commit")
        try connection.query("DELETE FROM millrace.task_positions WHERE run = 'bench'")
    }

    /// Runs `body` against `DATABASE_URL` or a private server that syncs its commits as in production.
    private static func withServer(_ body: (PostgresConfiguration) throws -> Void) throws {
        if let url = ProcessInfo.processInfo.environment["DATABASE_URL"], !url.isEmpty {
            return try body(PostgresConfiguration(url))
        }
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let script = repository.appendingPathComponent(".ci/postgres")
        let directory = repository.appendingPathComponent(".millrace/bench-postgres").path
        let url = try call(script, ["start", directory])
        defer { _ = try? call(script, ["drop", directory]) }
        try body(PostgresConfiguration(url))
    }

    private static func call(_ script: URL, _ arguments: [String]) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = script
        process.arguments = arguments
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw DataflowError(
                .databaseUnavailable, domain: .external, ".ci/postgres \(arguments[0]) failed")
        }
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
