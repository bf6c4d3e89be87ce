import DatabaseFixture
import PostgresClient
import Records
import State
import Testing

@Suite(
    "Tables by UTC day", .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
struct DayPartitionTests {
    static let table = TableSpec(
        "user_location",
        columns: [.init("user_id", .text), .init("at", .time), .init("speed", .double)],
        key: ["user_id", "at"], dayPartitionColumn: "at")

    static let day: Int64 = 86_400_000
    /// The first millisecond of 2026-11-22.
    static let start: Int64 = 1_795_305_600_000

    private static func changes(_ times: [Int64]) -> [TableChanges] {
        [
            TableChanges(
                table: table,
                rows: times.map {
                    .upsert([.text("ada"), .time(EventTime(milliseconds: $0)), .double(1)])
                })
        ]
    }

    private static func partitions(_ connection: PostgresConnection) throws -> [String] {
        try connection.query(
            """
            SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'user_location'::regclass ORDER BY 1
            """
        ).map { try $0.value(0) }
    }

    @Test("partitions lie beside their table, wherever the search path finds it")
    func schemaOfParent() async throws {
        try await TestDatabase.withSchema { configuration in
            try PostgresTableWriter(configuration).prepare(DayPartitionTests.table)
            let home = try #require(configuration.settings["search_path"])
            let connection = try PostgresConnection(configuration)
            let other = "other_\(configuration.applicationName.suffix(12))"
            try connection.script("CREATE SCHEMA \"\(other)\"")
            defer { try? connection.script("DROP SCHEMA \"\(other)\" CASCADE") }
            var behind = configuration
            behind.settings["search_path"] = "\"\(other)\", \(home)"
            try PostgresTableWriter(behind).write(DayPartitionTests.changes([0]))
            let schema = try connection.query(
                "SELECT n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                    + " WHERE c.relname = 'user_location_19700101' AND n.nspname IN ($1, $2)",
                [.text(other), .text(configuration.applicationName)])
            #expect(
                try schema.map { try $0.value(0, as: String.self) }
                    == [configuration.applicationName])
        }
    }

    @Test("the role millrace does not find its tables in the schema millrace")
    func roleOfOurName() async throws {
        try await TestDatabase.withSchema { configuration in
            let admin = try PostgresConnection(configuration)
            // Roles belong to the whole server: another test process may have made it.
            try? admin.script("CREATE ROLE millrace")
            var ours = configuration
            ours.settings["role"] = "millrace"
            func path(_ setting: String) throws -> String? {
                ours.settings["search_path"] = setting
                let connection = try PostgresConnection(ours)
                return try connection.query("SHOW search_path").first?.value(0, as: String.self)
            }
            #expect(try path("\"$user\", public") == " public")
            #expect(try path("public, \"$user\"") == "public")
            #expect(try path("\"$user\"") == "public")
            #expect(try path("a, b") == "a, b")
        }
    }

    @Test("each day gets its partition when its first row comes, at midnight sharp")
    func created() async throws {
        try await TestDatabase.withSchema { configuration in
            let writer = PostgresTableWriter(configuration)
            try writer.prepare(DayPartitionTests.table)
            let connection = try PostgresConnection(configuration)
            #expect(try DayPartitionTests.partitions(connection).isEmpty)
            let start = DayPartitionTests.start
            let times = [start - 1, start, start + DayPartitionTests.day - 1, -1, 951_782_400_000]
            try writer.write(DayPartitionTests.changes(times))
            try writer.write(DayPartitionTests.changes(times))
            let expected = [
                "user_location_19691231", "user_location_20000229", "user_location_20261121",
                "user_location_20261122",
            ]
            #expect(try DayPartitionTests.partitions(connection) == expected)
            #expect(try connection.query("SELECT FROM user_location_20261122").count == 2)
            #expect(try connection.query("SELECT FROM user_location").count == 5)
            // The parent's primary key is every partition's.
            let keys = try connection.query(
                "SELECT FROM pg_index WHERE indisprimary AND indrelid = 'user_location_20261122'::regclass"
            )
            #expect(keys.count == 1)
        }
    }

    @Test("workers that need the same days at once all get them")
    func race() async throws {
        try await TestDatabase.withSchema { configuration in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<4 as Range<Int64> {
                    group.addTask {
                        try await TestDatabase.onThread {
                            let writer = PostgresTableWriter(configuration)
                            // The table itself is made in the same race.
                            for first in 0..<6 as Range<Int64> {
                                try writer.write(
                                    DayPartitionTests.changes(
                                        (first..<first + 3).map {
                                            DayPartitionTests.start + $0 * DayPartitionTests.day
                                                + worker
                                        }))
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let connection = try PostgresConnection(configuration)
            #expect(try DayPartitionTests.partitions(connection).count == 8)
            #expect(try connection.query("SELECT FROM user_location").count == 32)
        }
    }

    @Test("a partition that was dropped meanwhile is made anew at the next try")
    func dropped() async throws {
        try await TestDatabase.withSchema { configuration in
            let writer = PostgresTableWriter(configuration)
            try writer.write(DayPartitionTests.changes([DayPartitionTests.start]))
            let connection = try PostgresConnection(configuration)
            try connection.script("DROP TABLE user_location_20261122")
            let error = #expect(throws: DataflowError.self) {
                try writer.write(DayPartitionTests.changes([DayPartitionTests.start]))
            }
            #expect(error?.retry == .backoff)
            try writer.write(DayPartitionTests.changes([DayPartitionTests.start]))
            #expect(try connection.query("SELECT FROM user_location").count == 1)
        }
    }

    @Test("beside a default partition, which may hold rows of the day, no day's is made")
    func defaultPartition() async throws {
        try await TestDatabase.withSchema { configuration in
            try PostgresTableWriter(configuration).prepare(DayPartitionTests.table)
            let connection = try PostgresConnection(configuration)
            try connection.script(
                "CREATE TABLE other_days PARTITION OF user_location DEFAULT;"
                    + "INSERT INTO user_location VALUES ('bob', '2026-11-22 08:00:00+00', 1)")
            try PostgresTableWriter(configuration).write(
                DayPartitionTests.changes([DayPartitionTests.start]))
            #expect(try DayPartitionTests.partitions(connection) == ["other_days"])
            #expect(try connection.query("SELECT FROM other_days").count == 2)
        }
    }

    @Test("a batch over more days than the bound, or outside of the calendar, is refused")
    func bounds() async throws {
        try await TestDatabase.withSchema { configuration in
            let writer = PostgresTableWriter(configuration)
            try writer.prepare(DayPartitionTests.table)
            let many = #expect(throws: DataflowError.self) {
                try writer.write(
                    DayPartitionTests.changes(
                        (0..<1_001).map { DayPartitionTests.start + $0 * DayPartitionTests.day }))
            }
            #expect(many?.message.contains("1001 new day partitions") ?? false)
            for time in [EventTime.max, .min, EventTime(milliseconds: 253_402_300_800_000)] {
                let error = #expect(throws: DataflowError.self) {
                    try writer.write(DayPartitionTests.changes([time.milliseconds]))
                }
                #expect(error?.code == .rejected)
            }
            // The last day that there can be a partition for.
            try writer.write(DayPartitionTests.changes([253_402_300_799_999]))
            let connection = try PostgresConnection(configuration)
            #expect(try DayPartitionTests.partitions(connection) == ["user_location_99991231"])
        }
    }

    @Test("a plain table does not pass for one by days")
    func notPartitioned() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script(
                """
                CREATE TABLE user_location (user_id text, at timestamptz, speed double precision,
                    PRIMARY KEY (user_id, at))
                """)
            let error = #expect(throws: DataflowError.self) {
                try PostgresTableWriter(configuration).prepare(DayPartitionTests.table)
            }
            #expect(error?.message.contains("it is not partitioned by range of at") == true)
        }
    }
}
