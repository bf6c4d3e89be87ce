import DatabaseFixture
import Foundation

/// A server of one's own, by `.ci/postgres`.
struct RestartableDatabase {
    /// Whether PostgreSQL is installed here; one that only `DATABASE_URL` names is not ours to kill.
    static let isAvailable =
        !((try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? [])
        .isEmpty

    let url: String
    private let directory: String

    init(_ directory: String) throws {
        self.directory = directory
        url = try TestDatabase.runScript(["start", directory])
    }

    func restart() throws { _ = try TestDatabase.runScript(["restart", directory]) }

    func drop() { _ = try? TestDatabase.runScript(["drop", directory]) }
}
