internal import Glibc
internal import Records

/// Where a secret is found: an environment variable or a file.
struct SecretReference {
    private enum Place {
        case environment(String)
        case file(String)
    }

    private let property: String
    private let place: Place

    /// The longest secret that is read, in bytes; a key chain in PEM is far shorter.
    static let maximumLength = 64 * 1024

    /// Whether a property's value must never be seen.
    static func isSecret(_ property: String) -> Bool {
        let words = [
            "password", "secret", "key.pem", "certificate.pem", "token", "oauthbearer.config",
        ]
        return words.contains { property.contains($0) } && !property.hasSuffix(".endpoint.url")
    }

    /// Reads a reference; the text itself is never repeated in an error, for it may be the secret.
    init(property: String, text: String) throws {
        self.property = property
        if text.hasPrefix("env:"), text.utf8.count > 4 {
            place = .environment(String(text.dropFirst(4)))
        } else if text.hasPrefix("file:"), text.utf8.count > 5 {
            place = .file(String(text.dropFirst(5)))
        } else {
            throw KafkaConfiguration.invalid(
                property, "is a secret: give it as env:NAME or file:PATH")
        }
    }

    /// Looks the secret up.
    func resolve() throws -> String {
        switch place {
        case .environment(let name):
            guard let value = getenv(name) else {
                throw KafkaConfiguration.invalid(
                    property, "refers to the environment variable \(name), which is not set")
            }
            return String(cString: value)
        case .file(let path):
            let text = try read(path)
            if property.contains(".pem") { return text }
            return String(text.prefix { $0 != "\n" && $0 != "\r\n" })
        }
    }

    private func read(_ path: String) throws -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw KafkaConfiguration.invalid(
                property, "refers to the file \(path), which can't be read: \(errnoText())")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                throw KafkaConfiguration.invalid(
                    property, "refers to the file \(path), which can't be read: \(errnoText())")
            }
            if count == 0 { break }
            bytes += chunk[..<count]
            guard bytes.count <= Self.maximumLength else {
                throw KafkaConfiguration.invalid(
                    property, "refers to the file \(path), longer than \(Self.maximumLength) bytes")
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func errnoText() -> String { String(cString: strerror(errno)) }
}
