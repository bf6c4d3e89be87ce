internal import Foundation
internal import Records

/// Who asks an S3-compatible store: a key and its secret, from the environment or from a file.
///
/// The secret is never part of a description or an error.
public struct S3Credentials: Sendable, Hashable, CustomStringConvertible {
    /// The public half.
    public let accessKey: String
    let secretKey: String
    let sessionToken: String?

    /// Takes keys that were found elsewhere.
    public init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
    }

    /// The longest file of credentials that is read, in bytes.
    static let maximumFileBytes = 64 * 1_024

    /// Reads `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, or the profile `AWS_PROFILE`
    /// (`default`) of the file `AWS_SHARED_CREDENTIALS_FILE`.
    ///
    /// - Throws: `.invalidConfiguration` when neither says enough.
    public init(environment: [String: String]) throws {
        if let accessKey = environment["AWS_ACCESS_KEY_ID"], !accessKey.isEmpty {
            guard let secretKey = environment["AWS_SECRET_ACCESS_KEY"], !secretKey.isEmpty else {
                throw S3Credentials.invalid(
                    "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not")
            }
            self.init(
                accessKey: accessKey, secretKey: secretKey,
                sessionToken: environment["AWS_SESSION_TOKEN"])
            return
        }
        guard let path = environment["AWS_SHARED_CREDENTIALS_FILE"] else {
            throw S3Credentials.invalid(
                "a store in S3 needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
                    + "or name a file with AWS_SHARED_CREDENTIALS_FILE")
        }
        try self.init(file: path, profile: environment["AWS_PROFILE"] ?? "default")
    }

    private init(file path: String, profile: String) throws {
        guard let data = FileManager.default.contents(atPath: path),
            data.count <= S3Credentials.maximumFileBytes
        else {
            throw S3Credentials.invalid(
                "the credentials file \(path) can't be read or is longer than "
                    + "\(S3Credentials.maximumFileBytes) bytes")
        }
        let values = S3Credentials.values(
            of: profile, in: String(decoding: data, as: UTF8.self))
        guard let accessKey = values["aws_access_key_id"],
            let secretKey = values["aws_secret_access_key"]
        else {
            throw S3Credentials.invalid(
                "the credentials file \(path) has no keys for the profile \(profile)")
        }
        self.init(
            accessKey: accessKey, secretKey: secretKey, sessionToken: values["aws_session_token"])
    }

    /// The settings of one profile of a file `[profile]`, `name = value`.
    private static func values(of profile: String, in text: String) -> [String: String] {
        var values: [String: String] = [:]
        var isInside = false
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.hasPrefix("[") { isInside = line == "[\(profile)]" }
            guard isInside, !line.hasPrefix("#"), let sign = line.firstIndex(of: "=") else {
                continue
            }
            let name = line[..<sign].trimmingCharacters(in: .whitespaces).lowercased()
            values[name] = line[line.index(after: sign)...].trimmingCharacters(in: .whitespaces)
        }
        return values
    }

    private static func invalid(_ message: String) -> DataflowError {
        DataflowError(.invalidConfiguration, domain: .user, message)
    }

    /// The public half.
    public var description: String { "S3 key \(accessKey)" }
}
