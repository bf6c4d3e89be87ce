internal import Foundation
internal import Records
internal import Yams

/// A pipeline's parameters: a YAML file laid over the defaults.
///
/// A key that the defaults don't have is an error that names it; a key that the file doesn't have keeps its
/// default.
enum ParameterFile {
    /// The text of a file.
    ///
    /// - Throws: `.invalidConfiguration` that names the file, when it can't be read.
    static func read(_ path: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            let reason =
                FileManager.default.fileExists(atPath: path) ? "can't be read" : "doesn't exist"
            throw invalid("the file of parameters \(path) \(reason)")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw invalid("the file of parameters \(path) is not UTF-8")
        }
        return text
    }

    /// Lays a file's text over the defaults.
    static func overlay<Parameters: Codable>(
        _ yaml: String?, on defaults: Parameters
    ) throws -> Parameters {
        guard let yaml else { return defaults }
        let encoded = try JSONSerialization.jsonObject(with: JSONEncoder().encode(defaults))
        guard let base = encoded as? [String: Any] else { return defaults }
        let loaded: Any?
        do {
            loaded = try Yams.load(yaml: yaml)
        } catch {
            throw invalid("not YAML: \(error)")
        }
        guard let loaded else { return defaults }
        guard let changes = loaded as? [String: Any] else {
            throw invalid("a file of parameters is a mapping of names to values")
        }
        do {
            return try decode(try merge(changes, into: base, at: ""))
        } catch let error as DecodingError {
            // The decoder doesn't say whose number is too large.
            for (key, value) in changes.sorted(by: { $0.key < $1.key }) where path(error).isEmpty {
                do {
                    let _: Parameters = try decode(try merge([key: value], into: base, at: ""))
                } catch is DecodingError {
                    throw invalid("\(key): \(value) is out of range")
                }
            }
            throw invalid(describe(error))
        }
    }

    private static func decode<Parameters: Decodable>(_ merged: [String: Any]) throws -> Parameters
    {
        try JSONDecoder().decode(
            Parameters.self, from: try JSONSerialization.data(withJSONObject: merged))
    }

    private static func path(_ error: DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let found), .valueNotFound(_, let found), .keyNotFound(_, let found),
            .dataCorrupted(let found):
            path(found)
        @unknown default: ""
        }
    }

    private static func merge(
        _ changes: [String: Any], into base: [String: Any], at path: String
    ) throws -> [String: Any] {
        var merged = base
        for (key, value) in changes.sorted(by: { $0.key < $1.key }) {
            guard let present = base[key] else {
                let known = base.keys.sorted().joined(separator: ", ")
                throw invalid("\(path)\(key) is no parameter; there are \(known)")
            }
            if let present = present as? [String: Any], let value = value as? [String: Any] {
                merged[key] = try merge(value, into: present, at: "\(path)\(key).")
            } else if let fault = unusable(value) {
                throw invalid("\(path)\(key) is \(fault)")
            } else {
                merged[key] = value
            }
        }
        return merged
    }

    /// What of a YAML value JSON has no word for; nil when it has one for all of it.
    private static func unusable(_ value: Any) -> String? {
        if let number = value as? Double, !number.isFinite { return "no number: \(number)" }
        return JSONSerialization.isValidJSONObject([value])
            ? nil : "no number, text, truth value, list or mapping"
    }

    private static func describe(_ error: DecodingError) -> String {
        let context: DecodingError.Context
        switch error {
        case .typeMismatch(let type, let found):
            return "\(path(found)) is not a \(type)"
        case .valueNotFound(_, let found), .keyNotFound(_, let found), .dataCorrupted(let found):
            context = found
        @unknown default: return "unreadable"
        }
        return "\(path(context)): \(context.debugDescription)"
    }

    private static func path(_ context: DecodingError.Context) -> String {
        context.codingPath.map(\.stringValue).joined(separator: ".")
    }

    private static func invalid(_ message: String) -> DataflowError {
        DataflowError(.invalidConfiguration, domain: .user, message)
    }
}
