import DatabaseFixture
import PostgresClient

/// A table whose inserts make COMMIT wait, so that a test can strike while it is under way.
enum SlowCommit {
    static func script(table: String) -> String {
        """
        CREATE TABLE IF NOT EXISTS \(table) (id bigint PRIMARY KEY);
        CREATE FUNCTION wait_in_commit() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON \(table) DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION wait_in_commit()
        """
    }

    /// Ends the backend that waits in a COMMIT of this database, as soon as there is one.
    static func kill(by admin: PostgresConnection) throws -> Bool {
        try TestDatabase.eventually(
            admin,
            """
            SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
            WHERE application_name = current_setting('application_name') AND query = 'COMMIT' AND wait_event = 'PgSleep'
            """)
    }
}
