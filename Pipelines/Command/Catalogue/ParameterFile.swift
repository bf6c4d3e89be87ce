internal import Foundation
internal import Records
internal import Yams

/// A pipeline's parameters: a YAML file laid over the defaults.
///
/// A key that the defaults don't have is an error that names it; a key that the file doesn't have keeps its
/// default.
enum ParameterFile {
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
        let merged = try merge(changes, into: base, at: "")
        do {
            let data = try JSONSerialization.data(withJSONObject: merged)
            return try JSONDecoder().decode(Parameters.self, from: data)
        } catch let error as DecodingError {
            throw invalid(describe(error))
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
            } else {
                merged[key] = value
            }
        }
        return merged
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
