import Foundation
import Testing

/// Style as tests: what reviewers would say again and again.
@Suite("Tidy")
struct TidyTests {
    private func expectClean(_ violations: [Violation]) {
        #expect(
            violations.isEmpty,
            "\(violations.count) violations:\n\(violations.map(\.description).joined(separator: "\n"))"
        )
    }

    private func check(_ rule: (SourceTree.File) -> [Violation]) throws {
        let tree = try SourceTree.shared.get()
        try #require(tree.files.count > 50)
        expectClean(tree.files.flatMap(rule))
    }

    @Test("a file is short")
    func fileLength() throws { try check(Rules.fileLength) }

    @Test("a function is short")
    func functionLength() throws { try check(Rules.functionLength) }

    @Test("some words are not written")
    func bannedWords() throws { try check(Rules.bannedWords) }

    @Test("what is public is documented")
    func documentation() throws {
        let requirements = Rules.requirements(try SourceTree.shared.get().files)
        try check { Rules.documentation($0, requirements: requirements) }
    }

    @Test("what the compiler can't check says why it is right")
    func unsafety() throws { try check(Rules.unsafety) }

    @Test("every operator has a test that names it")
    func operatorTests() throws {
        expectClean(Rules.operatorTests(try SourceTree.shared.get()))
    }

    @Test("the top of the repository holds what it should, and nothing else")
    func topLevel() throws {
        let allowed: Set<String> = [
            "Makefile", "Operators", "Package.resolved", "Package.swift", "Pipelines", "README.md",
            "Tests", "configs", "docs",
        ]
        let others = try SourceTree.shared.get().topLevel().filter { !allowed.contains($0) }
        #expect(others.isEmpty, "\(others)")
    }
}

/// The rules themselves, on small files.
@Suite("Tidy: the rules")
struct RuleTests {
    private func file(_ text: String, _ path: String = "Operators/Records/A.swift")
        -> SourceTree.File
    {
        SourceTree.File(
            path: path,
            lines: text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
    }

    @Test("long files and long functions are found, short ones are not")
    func lengths() {
        let body = Array(repeating: "        work()", count: 69).joined(separator: "\n")
        let long = file("struct A {\n    func run() {\n\(body)\n    }\n}\n")
        #expect(Rules.functionLength(long).map(\.line) == [2])
        let short = file("struct A {\n    func run() {\n        work()\n    }\n}\n")
        #expect(Rules.functionLength(short).isEmpty)
        #expect(Rules.fileLength(short).isEmpty)
        #expect(Rules.fileLength(file(String(repeating: "x\n", count: 400))).isEmpty)
        #expect(Rules.fileLength(file(String(repeating: "x\n", count: 401))).count == 1)
    }

    @Test("banned words count in code, not in strings or comments")
    func words() {
        #expect(Rules.bannedWords(file("let a = try" + "! b()")).count == 1)
        #expect(Rules.bannedWords(file("let a = \"try" + "! b()\"")).isEmpty)
        #expect(Rules.bannedWords(file("// try" + "! nothing")).isEmpty)
        #expect(Rules.bannedWords(file("// TO" + "DO: later")).count == 1)
        #expect(Rules.bannedWords(file("import Foundation")).count == 1)
        #expect(Rules.bannedWords(file("import Foundation", "Operators/Runtime/A.swift")).isEmpty)
        #expect(Rules.bannedWords(file("await Task.sleep(1)", "Tests/A/A.swift")).count == 1)
    }

    @Test("a public declaration needs a comment, a known witness does not")
    func documentation() {
        #expect(Rules.documentation(file("public struct A {}")).count == 1)
        #expect(Rules.documentation(file("/// An A.\npublic struct A {}")).isEmpty)
        #expect(Rules.documentation(file("/// An A.\n@frozen\npublic struct A {}")).isEmpty)
        #expect(Rules.documentation(file("    @inlinable\n    public func run() {}")).count == 1)
        #expect(Rules.documentation(file("public static func < (a: A, b: A) -> Bool {")).isEmpty)
        #expect(Rules.documentation(file("public import Records")).isEmpty)
    }

    @Test("a case of a public enum needs a comment, one of another or of a switch does not")
    func caseDocumentation() {
        func lines(_ head: String, _ comment: String) -> [Int] {
            let text = """
                /// A.
                \(head) {
                \(comment)
                    case a, b
                    /// C.
                    var c: Int {
                        switch self {
                        case .a: 1
                        case .b: 2
                        }
                    }
                }
                    case d
                """
            return Rules.documentation(file(text)).map(\.line)
        }
        #expect(lines("public enum A", "") == [4])
        #expect(lines("public indirect enum A: B", "") == [4])
        #expect(lines("public enum A", "    /// Both.").isEmpty)
        #expect(lines("enum A", "").isEmpty)
    }

    @Test("an escape from the compiler needs a comment nearby")
    func unsafety() {
        let bare = "final class A: @unchecked" + " Sendable {\n    let a = 1\n}"
        #expect(Rules.unsafety(file(bare)).count == 1)
        #expect(Rules.unsafety(file("// Guarded by a lock.\n" + bare)).isEmpty)
    }
}
