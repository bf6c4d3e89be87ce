import Foundation

/// Counts the blocks of memory that a query takes: valgrind runs this program with the query once
/// and twice, and the difference is the query's own.
enum AllocationCounter {
    /// With this argument, the name of a row and a number the program runs that query so often.
    static let argument = "--promql-query"
    private static let valgrind = "/usr/bin/valgrind"

    /// The blocks that the query of a row takes, or `nil` where valgrind is missing.
    static func count(_ row: String) -> Int? {
        guard FileManager.default.isExecutableFile(atPath: valgrind),
            let once = blocks(row, times: 1), let twice = blocks(row, times: 2)
        else { return nil }
        return twice - once
    }

    private static func blocks(_ row: String, times: Int) -> Int? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: valgrind)
        process.arguments = [CommandLine.arguments[0], argument, row, String(times)]
        let pipe = Pipe()
        process.standardOutput = FileHandle.nullDevice
        process.standardError = pipe
        guard (try? process.run()) != nil else { return nil }
        let text = String(
            decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard let start = text.range(of: "total heap usage: ") else { return nil }
        return Int(text[start.upperBound...].prefix { $0 != " " }.filter { $0 != "," })
    }
}
