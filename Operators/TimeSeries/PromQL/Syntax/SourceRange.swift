/// A stretch of an expression's text, in bytes.
public struct SourceRange: Hashable, Sendable {
    /// The first byte.
    public var start: Int
    /// The byte behind the last.
    public var end: Int

    /// Makes a range.
    public init(_ start: Int, _ end: Int) {
        self.start = start
        self.end = end
    }

    /// From the start of one to the end of another.
    func through(_ other: SourceRange) -> SourceRange { SourceRange(start, other.end) }

    /// Line and column of the start, from 1: `1:14`.
    public func place(in query: String) -> String {
        guard start >= 0, start <= query.utf8.count else { return "invalid position" }
        var line = 1
        var column = 1
        for byte in query.utf8.prefix(start) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        return "\(line):\(column)"
    }
}
