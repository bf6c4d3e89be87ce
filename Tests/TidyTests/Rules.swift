import Foundation

/// The rules of style that a compiler doesn't know, each from a file to its violations.
enum Rules {
    static let maximumFileLines = 400
    static let maximumFunctionLines = 70
    static let maximumColumns = 110

    static func fileLength(_ file: SourceTree.File) -> [Violation] {
        let count = file.lines.count - (file.lines.last == "" ? 1 : 0)
        guard count > maximumFileLines else { return [] }
        return [
            Violation(
                path: file.path, line: count,
                message: "\(count) lines; a file has \(maximumFileLines) at most")
        ]
    }

    /// A function ends at the first closing brace that is indented as its first line.
    static func functionLength(_ file: SourceTree.File) -> [Violation] {
        var violations: [Violation] = []
        for (index, line) in file.code.enumerated() {
            guard line.contains("func ") || line.contains("init"),
                line.hasSuffix("{") || line.hasSuffix("("),
                line.firstMatch(of: /^\s*([a-z@()_ ]*\s)?(func|init|deinit)\b/) != nil
            else { continue }
            let indent = line.prefix { $0 == " " }
            let end = file.lines[index...].firstIndex {
                $0.hasPrefix(indent + "}") && $0.prefix { $0 == " " }.count == indent.count
            }
            guard let end, end - index + 1 > maximumFunctionLines else { continue }
            // A declaration without a body of its own runs on into its neighbours.
            guard file.code[index..<min(index + 12, end)].contains(where: { $0.hasSuffix("{") })
            else { continue }
            violations.append(
                Violation(
                    path: file.path, line: index + 1,
                    message:
                        "\(end - index + 1) lines; a function has \(maximumFunctionLines) at most"))
        }
        return violations
    }

    static func bannedWords(_ file: SourceTree.File) -> [Violation] {
        var violations: [Violation] = []
        let bare = ["Records", "State", "Dataflow", "Transforms"].contains {
            file.path.hasPrefix("Operators/\($0)/")
        }
        for (index, line) in file.lines.enumerated() {
            for word in ["TO" + "DO", "FIX" + "ME"] where line.contains(word) {
                violations.append(
                    Violation(path: file.path, line: index + 1, message: "\(word) is not a plan"))
            }
        }
        for (index, line) in file.code.enumerated() {
            func ban(_ word: String, _ why: String) {
                if line.contains(word) {
                    violations.append(
                        Violation(path: file.path, line: index + 1, message: "\(word): \(why)"))
                }
            }
            ban("try!", "an error has to go somewhere")
            ban("fatal" + "Error(", "data must not end the process")
            if file.isIn("Tests") { ban("Task.sleep", "a test waits for no clock") }
            if bare { ban("import Foundation", "this module does without") }
        }
        return violations
    }

    /// Witnesses whose protocol documents them, which a line alone shows.
    private static var knownWitnesses: Regex<(Substring, Substring?, Substring?)> {
        /static func (==|<)|func hash\(|func encode\(|init\(from |var codecVersion|var description|var body\b|var (start|end)Index|subscript\(position/
    }

    /// The names of what the project's own protocols ask for: whoever conforms is documented there.
    static func requirements(_ files: [SourceTree.File]) -> Set<String> {
        var names: Set<String> = []
        for file in files where file.isIn("Operators", "Pipelines") {
            var isInside = false
            for line in file.code {
                if line.contains("protocol ") { isInside = line.hasPrefix("public protocol ") }
                if line.hasPrefix("}") { isInside = false }
                if isInside, let match = line.firstMatch(of: /(func|var) (\w+)/) {
                    names.insert(String(match.2))
                }
            }
        }
        return names
    }

    static func documentation(
        _ file: SourceTree.File, requirements: Set<String> = []
    ) -> [Violation] {
        guard file.isIn("Operators", "Pipelines") else { return [] }
        var violations: [Violation] = []
        let code = file.code
        // The indent of the cases of the public enum that the line is in.
        var cases: String?
        for (index, line) in code.enumerated() {
            let indent = String(line.prefix { $0 == " " })
            let isEnum = line.contains("public enum ") || line.contains("public indirect enum ")
            if isEnum, !line.hasSuffix("}") {
                cases = indent + "    "
            } else if let inside = cases, line.hasPrefix("}") || line == inside.dropLast(4) + "}" {
                cases = nil
            }
            let trimmed = line.drop { $0 == " " }
            let isCase =
                cases == indent
                && (trimmed.hasPrefix("case ") || trimmed.hasPrefix("indirect case "))
            guard line.contains("public ") || isCase else { continue }
            guard
                isCase
                    || trimmed.firstMatch(
                        of:
                            /^(@[A-Za-z]+(\([^)]*\))? )*public (static |final |mutating |nonmutating |convenience |required |override |class |internal\(set\) |private\(set\) |fileprivate\(set\) )*(func|var|let|struct|class|enum|protocol|init|subscript|typealias|actor)\b/
                    ) != nil, trimmed.firstMatch(of: knownWitnesses) == nil,
                !requirements.contains(name(of: trimmed))
            else { continue }
            var above = index - 1
            while above >= 0, isAttribute(code[above]) { above -= 1 }
            let isDocumented = above >= 0 && file.lines[above].contains("///")
            if !isDocumented {
                violations.append(
                    Violation(
                        path: file.path, line: index + 1,
                        message: "public, and no comment says what it is"))
            }
        }
        return violations
    }

    private static func name(of declaration: Substring) -> String {
        declaration.firstMatch(of: /(func|var) (\w+)/).map { String($0.2) } ?? ""
    }

    private static func isAttribute(_ line: String) -> Bool {
        line.drop { $0 == " " }.hasPrefix("@")
    }

    static func unsafety(_ file: SourceTree.File) -> [Violation] {
        var violations: [Violation] = []
        for (index, line) in file.code.enumerated() {
            let escapes = ["@unchecked" + " Sendable", "nonisolated(unsafe)", "unsafeBitCast"]
            guard escapes.contains(where: line.contains) else { continue }
            let nearby = max(0, index - 8)...min(file.lines.count - 1, index + 4)
            if !file.lines[nearby].contains(where: { $0.contains("//") }) {
                violations.append(
                    Violation(
                        path: file.path, line: index + 1,
                        message: "no comment says why this is safe"))
            }
        }
        return violations
    }

    /// Every public operator is named by a test.
    static func operatorTests(_ tree: SourceTree) -> [Violation] {
        let tests = tree.files.filter { $0.isIn("Tests") }.map { $0.lines.joined(separator: "\n") }
        var violations: [Violation] = []
        for file in tree.files where file.isIn("Operators") {
            for (index, line) in file.code.enumerated() {
                guard line.contains("StreamOperator"),
                    let match = line.firstMatch(of: /public struct (\w+)(<.*>)?: .*StreamOperator/)
                else { continue }
                let name = String(match.1)
                if !tests.contains(where: { $0.contains(name) }) {
                    violations.append(
                        Violation(
                            path: file.path, line: index + 1,
                            message: "no test names the operator \(name)"))
                }
            }
        }
        return violations
    }
}
