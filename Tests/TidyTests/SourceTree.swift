import Foundation

/// The project's Swift files, found from this one.
struct SourceTree {
    /// A file, by its lines.
    struct File {
        /// The path from the root.
        let path: String
        let lines: [String]
        /// The code of each line: comments and the contents of strings blanked.
        let code: [String]

        init(path: String, lines: [String]) {
            self.path = path
            self.lines = lines
            code = Self.code(of: lines)
        }

        /// Whether it stands under a folder of the root.
        func isIn(_ folders: String...) -> Bool {
            folders.contains { path.hasPrefix($0 + "/") }
        }
    }

    let root: URL
    let files: [File]

    static let shared = Result { try SourceTree() }

    init(filePath: String = #filePath) throws {
        let root = URL(filePath: filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        self.root = root
        files = try ["Operators", "Pipelines", "Tests"].flatMap { try Self.read($0, under: root) }
            .sorted { $0.path < $1.path }
    }

    private static func read(_ folder: String, under root: URL) throws -> [File] {
        let base = root.appending(path: folder)
        guard let all = FileManager.default.enumerator(atPath: base.path(percentEncoded: false))
        else { return [] }
        return try all.compactMap { $0 as? String }
            .filter { $0.hasSuffix(".swift") && !$0.contains("Generated/") }
            .map { path in
                let text = try String(contentsOf: base.appending(path: path), encoding: .utf8)
                return File(
                    path: "\(folder)/\(path)",
                    lines: text.split(separator: "\n", omittingEmptySubsequences: false)
                        .map(String.init))
            }
    }

    /// The names at the top of the repository.
    func topLevel() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.path(percentEncoded: false))
            .filter { !$0.hasPrefix(".") }.sorted()
    }
}

/// A place that breaks a rule: `file:line: message`.
struct Violation: CustomStringConvertible {
    let path: String
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}

extension SourceTree.File {
    private static func code(of lines: [String]) -> [String] {
        var isInText = false
        return lines.map { line in
            let bytes = Array(line.utf8)
            if bytes.contains(quote), line.contains("\"\"\"") {
                if line.components(separatedBy: "\"\"\"").count % 2 == 0 { isInText.toggle() }
                return ""
            }
            if isInText { return "" }
            guard bytes.contains(quote) || bytes.contains(slash) else { return line }
            return code(of: bytes)
        }
    }

    private static let quote = UInt8(ascii: "\"")
    private static let slash = UInt8(ascii: "/")
    private static let backslash = UInt8(ascii: "\\")

    private static func code(of line: [UInt8]) -> String {
        var code: [UInt8] = []
        var isQuoted = false
        var previous = UInt8(ascii: " ")
        for byte in line {
            if byte == quote, previous != backslash {
                isQuoted.toggle()
            } else if !isQuoted {
                if byte == slash, previous == slash {
                    code.removeLast()
                    break
                }
                code.append(byte)
            }
            previous = previous == backslash && byte == backslash ? UInt8(ascii: " ") : byte
        }
        return String(decoding: code, as: UTF8.self)
    }
}
