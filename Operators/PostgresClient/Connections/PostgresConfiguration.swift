internal import CPostgres
internal import Glibc
internal import Records

/// How to reach a database and how long to wait for it.
///
/// Every connection gets the timeouts, TCP keepalives and the name that stand here. The password is
/// kept apart and never printed; `PGPASSWORD`, `~/.pgpass` and the other sources of libpq work too.
package struct PostgresConfiguration: Sendable {
    /// The connection's name in `pg_stat_activity`.
    package var applicationName = "millrace"
    /// How long to wait for a connection; whole seconds, at least two.
    package var connectTimeout: Duration = .seconds(10)
    /// The longest that one statement may run.
    package var statementTimeout: Duration = .seconds(60)
    /// How much longer than a statement may run its answer is waited for: a server that stands still ends nothing.
    ///
    /// A longer `statement_timeout` in the connection string does not lengthen that wait.
    package var answerGrace: Duration = .seconds(5)
    /// The longest wait for one lock.
    package var lockTimeout: Duration = .seconds(10)
    /// The longest pause inside a transaction, after which the server ends the session: a zombie
    /// that holds a task's row lets go of it within this time.
    package var idleInTransactionTimeout: Duration = .seconds(30)
    /// How long a connection may be silent before the first TCP keepalive; whole seconds.
    package var keepaliveIdle: Duration = .seconds(10)
    /// The time between keepalives; whole seconds.
    package var keepaliveInterval: Duration = .seconds(5)
    /// After how many unanswered keepalives the connection is given up.
    package var keepaliveCount = 3
    /// How long sent bytes may stay unacknowledged before the connection is given up.
    package var tcpUserTimeout: Duration = .seconds(30)
    /// Further settings of the session by name, such as `search_path` or `synchronous_commit`.
    package var settings: [String: String] = [:]

    /// What libpq parsed, without the secrets.
    private var parameters: [String: String]
    private var secrets: [String: Secret]

    /// The longest password file that is read, in bytes.
    package static let maximumPasswordBytes = 4_096

    /// Takes a connection string: `postgres://user@host:port/database?…` or `host=… dbname=…`.
    ///
    /// - Parameter passwordFile: a file that holds the password alone; it wins over the string's.
    /// - Throws: `.invalidConfiguration`, which never quotes the string.
    package init(_ connectionString: String, passwordFile: String? = nil) throws {
        (parameters, secrets) = try PostgresConfiguration.parse(connectionString)
        if let name = parameters.removeValue(forKey: "application_name") { applicationName = name }
        if let passwordFile {
            secrets["password"] = Secret(try PostgresConfiguration.password(in: passwordFile))
        }
    }

    /// Reads `DATABASE_URL` and, if set, `DATABASE_PASSWORD_FILE`.
    ///
    /// - Throws: `.invalidConfiguration` when there is no `DATABASE_URL` or it can't be parsed.
    package init(environment: [String: String]) throws {
        guard let url = environment["DATABASE_URL"], !url.isEmpty else {
            throw PostgresConfiguration.invalid("DATABASE_URL is not set")
        }
        try self.init(url, passwordFile: environment["DATABASE_PASSWORD_FILE"])
    }

    /// Makes a configuration from its parts.
    ///
    /// - Parameter host: a name, an address, or the directory of a Unix socket.
    package init(
        host: String, port: UInt16 = 5_432, database: String, user: String, password: String? = nil
    ) {
        parameters = ["host": host, "port": String(port), "dbname": database, "user": user]
        secrets = password.map { ["password": Secret($0)] } ?? [:]
    }

    /// The name of the database; nil for the one that is named as the user.
    package var database: String? {
        get { parameters["dbname"] }
        set { parameters["dbname"] = newValue }
    }

    /// The keywords and values for `PQconnectdbParams`, in the order of their names.
    var keywords: [(String, String)] {
        var all = parameters
        for (keyword, secret) in secrets { all[keyword] = secret.value }
        all["application_name"] = applicationName
        all["client_encoding"] = "UTF8"
        all["connect_timeout"] = String(max(2, connectTimeout.components.seconds))
        all["keepalives"] = "1"
        all["keepalives_idle"] = String(max(1, keepaliveIdle.components.seconds))
        all["keepalives_interval"] = String(max(1, keepaliveInterval.components.seconds))
        all["keepalives_count"] = String(max(1, keepaliveCount))
        all["tcp_user_timeout"] = String(tcpUserTimeout.wholeMilliseconds)
        // What the connection string itself sets comes last and wins.
        all["options"] = [sessionOptions, parameters["options"] ?? ""].joined(separator: " ")
        return all.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// The settings that every session is to have, times in milliseconds.
    private var sessionSettings: [String: String] {
        var all = settings
        all["statement_timeout"] = String(statementTimeout.wholeMilliseconds)
        all["lock_timeout"] = String(lockTimeout.wholeMilliseconds)
        all["idle_in_transaction_session_timeout"] =
            String(idleInTransactionTimeout.wholeMilliseconds)
        all["timezone"] = "UTC"
        return all
    }

    private var sessionOptions: String {
        sessionSettings.sorted { $0.key < $1.key }
            .map { "-c \($0.key)=\(PostgresConfiguration.escapedOption($0.value))" }
            .joined(separator: " ")
    }

    /// The settings that a session doesn't have, though it was asked for them, as a pooler in between that takes no
    /// options lets them go: each as a clause.
    ///
    /// What the connection string sets itself is not compared.
    package func missingSettings(of connection: PostgresConnection) throws -> [String] {
        let wanted = sessionSettings.filter { parameters["options"]?.contains($0.key) != true }
        // In the units of the settings, without those that `SHOW` adds.
        let found = try connection.query(
            "SELECT name, setting FROM pg_catalog.pg_settings WHERE lower(name) = ANY(string_to_array($1, ','))",
            [.text(wanted.keys.map { $0.lowercased() }.joined(separator: ","))])
        var present: [String: String] = [:]
        for row in found { present[try row.value(0)] = try row.value(1, as: String.self) }
        return wanted.sorted { $0.key < $1.key }.compactMap { name, value in
            // Another case of the same time zone is the same.
            let actual = present.first { $0.key.lowercased() == name.lowercased() }?.value
            return actual?.lowercased() == value.lowercased()
                ? nil : "\(name) is \(actual ?? "unknown") instead of \(value)"
        }
    }

    /// In `options` a space or backslash is part of a value only behind a backslash.
    private static func escapedOption(_ value: String) -> String {
        var escaped = ""
        for character in value {
            if character == " " || character == "\\" { escaped.append("\\") }
            escaped.append(character)
        }
        return escaped
    }
}

extension PostgresConfiguration: CustomStringConvertible, CustomReflectable {
    /// `postgres://user@host:port/database`: no password, no other parameter.
    package var description: String {
        let user = parameters["user"].map { "\($0)@" } ?? ""
        let port = parameters["port"].map { ":\($0)" } ?? ""
        return "postgres://\(user)\(parameters["host"] ?? "")\(port)/\(parameters["dbname"] ?? "")"
    }

    /// Only what ``description`` shows.
    package var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}

extension PostgresConfiguration {
    /// A value that no printing shows.
    private struct Secret: Sendable {
        let value: String
        init(_ value: String) { self.value = value }
    }

    private static func invalid(_ message: String) -> DataflowError {
        DataflowError(.invalidConfiguration, domain: .user, message)
    }

    private static func parse(_ text: String) throws -> ([String: String], [String: Secret]) {
        guard !text.utf8.contains(0) else {
            throw invalid("the connection string holds a NUL character")
        }
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(text, &message) else {
            let reason = message.map { String(cString: $0) } ?? "out of memory"
            if let message { PQfreemem(message) }
            throw invalid("the database's connection string can't be parsed: \(redacted(reason))")
        }
        defer { PQconninfoFree(options) }
        var parameters: [String: String] = [:]
        var secrets: [String: Secret] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val.map({ String(cString: $0) }) {
                let name = String(cString: keyword)
                // libpq marks a password by `*`.
                let isSecret = option.pointee.dispchar.map {
                    $0.pointee == CChar(UInt8(ascii: "*"))
                }
                if isSecret == true {
                    secrets[name] = Secret(value)
                } else {
                    parameters[name] = value
                }
            }
            option += 1
        }
        return (parameters, secrets)
    }

    /// libpq quotes parts of the string in its messages: only what stands before them is kept.
    private static func redacted(_ message: String) -> String {
        if message.hasPrefix("missing \"=\"") { return "an \"=\" is missing" }
        let head = message.prefix { $0 != "\"" && $0 != "\n" }
        let trimmed = head.reversed().drop { $0 == " " || $0 == ":" }.reversed()
        return trimmed.isEmpty ? "malformed" : String(trimmed)
    }

    private static func password(in path: String) throws -> String {
        guard let file = fopen(path, "r") else {
            throw invalid(
                "the password file \(path) can't be read: \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: maximumPasswordBytes + 1)
        let count = fread(&buffer, 1, buffer.count, file)
        guard count <= maximumPasswordBytes else {
            throw invalid("the password file \(path) is longer than \(maximumPasswordBytes) bytes")
        }
        let line = buffer[..<count].prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard let password = String(validating: line, as: UTF8.self), !password.utf8.contains(0)
        else {
            throw invalid("the password file \(path) is not a line of UTF-8 text")
        }
        return password
    }
}

extension Duration {
    /// Whole milliseconds, at least one: PostgreSQL takes 0 for "no limit".
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        if overflow { return Int64(Int32.max) }
        let sum = milliseconds.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return min(max(1, sum.partialValue), Int64(Int32.max))
    }
}
