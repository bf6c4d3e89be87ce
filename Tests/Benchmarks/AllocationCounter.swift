import Foundation

/// Counts the blocks of memory that a query takes: valgrind runs this program with the query once
/// and twice, and the difference is the query's own.
enum AllocationCounter {
    /// With this argument, the name of a row and a number the program runs that query so often.
    static let argument = "--promql-query"
    private static let valgrind = "/usr/bin/valgrind"
    private static let strip = "/usr/bin/strip"

    /// The blocks that the query of a row takes, or `nil` where valgrind or binutils are missing.
    static func count(_ row: String) -> Int? {
        let files = FileManager.default
        guard files.isExecutableFile(atPath: valgrind), files.isExecutableFile(atPath: strip)
        else { return nil }
        // Valgrind gives up on the debug information of a program that is as large as this one.
        let copy = files.temporaryDirectory
            .appendingPathComponent("millrace-bench-\(UUID().uuidString)").path
        defer { try? files.removeItem(atPath: copy) }
        let isStripped = output(
            of: strip, ["--strip-debug", "-o", copy, CommandLine.arguments[0]])
        guard isStripped != nil, let once = blocks(copy, row, times: 1),
            let twice = blocks(copy, row, times: 2)
        else { return nil }
        return twice - once
    }

    private static func blocks(_ program: String, _ row: String, times: Int) -> Int? {
        guard let text = output(of: valgrind, [program, argument, row, String(times)]),
            let start = text.range(of: "total heap usage: ")
        else { return nil }
        return Int(text[start.upperBound...].prefix { $0 != " " }.filter { $0 != "," })
    }

    /// What a program writes to its standard error, or `nil` when it fails.
    private static func output(of program: String, _ arguments: [String]) -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = FileHandle.nullDevice
        process.standardError = pipe
        guard (try? process.run()) != nil else { return nil }
        let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: bytes, as: UTF8.self) : nil
    }
}
