/// A cursor over JSON text (RFC 8259) in bytes that someone else owns: no tree is built, the caller
/// asks for what it expects and skips the rest.
///
/// Every step is checked against the end, and against the grammar: what it walks over is JSON, but for
/// the UTF-8 inside of strings that are skipped.
struct JSONCursor {
    let bytes: UnsafeRawBufferPointer
    let end: Int
    var position = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        end = bytes.count
    }

    /// The next byte, or 0, which JSON has nowhere, behind the last.
    @inline(__always)
    var current: UInt8 { position < end ? bytes[position] : 0 }

    /// The refusal of text that isn't JSON, with the cursor's place.
    @inline(never)
    func fault(_ what: String) -> RequestRefusal {
        let what = position < end ? what : "the text ends where \(what)"
        return RequestRefusal(
            status: 400, code: "not-json", message: "not JSON at byte \(position): \(what)")
    }

    /// Moves to the next byte that isn't white space.
    @inline(__always)
    mutating func skipSpace() {
        while position < end {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position &+= 1
            default: return
            }
        }
    }

    /// Takes a punctuation mark, with the space in front of it and behind.
    @inline(__always)
    mutating func take(_ mark: Unicode.Scalar) throws(RequestRefusal) {
        guard takes(mark) else { throw fault("'\(mark)' is expected") }
    }

    /// Takes a punctuation mark if it comes next, with the space in front of it and behind.
    @inline(__always)
    mutating func takes(_ mark: Unicode.Scalar) -> Bool {
        skipSpace()
        guard current == UInt8(truncatingIfNeeded: mark.value) else { return false }
        position &+= 1
        skipSpace()
        return true
    }

    /// Takes a closing mark, with the space in front of it and none behind.
    @inline(__always)
    mutating func takesLast(_ mark: Unicode.Scalar) -> Bool {
        skipSpace()
        guard current == UInt8(truncatingIfNeeded: mark.value) else { return false }
        position &+= 1
        return true
    }

    /// Takes the comma or the closing mark after an element, and says whether another one follows.
    ///
    /// No space is taken behind the closing mark.
    @inline(__always)
    mutating func takesComma(orEnd closing: Unicode.Scalar) throws(RequestRefusal) -> Bool {
        if takes(",") { return true }
        guard takesLast(closing) else { throw fault("',' or '\(closing)' is expected") }
        return false
    }

    /// Takes `word` if the text goes on with it.
    mutating func takes(word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard end &- position >= count else { return false }
        for index in 0..<count where bytes[position &+ index] != word.utf8Start[index] {
            return false
        }
        position &+= count
        return true
    }

    /// Skips a value of any kind.
    mutating func skipValue(depth: Int) throws(RequestRefusal) {
        switch current {
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): _ = try numberText()
        case UInt8(ascii: "["): try skipList(depth: depth)
        case UInt8(ascii: "{"): try skipObject(depth: depth)
        case UInt8(ascii: "t") where takes(word: "true"): return
        case UInt8(ascii: "f") where takes(word: "false"): return
        case UInt8(ascii: "n") where takes(word: "null"): return
        default: throw fault("a value is expected")
        }
    }

    private mutating func skipList(depth: Int) throws(RequestRefusal) {
        guard depth > 0 else { throw fault("the nesting is too deep") }
        try take("[")
        if takesLast("]") { return }
        repeat { try skipValue(depth: depth - 1) } while try takesComma(orEnd: "]")
    }

    private mutating func skipObject(depth: Int) throws(RequestRefusal) {
        guard depth > 0 else { throw fault("the nesting is too deep") }
        try take("{")
        if takesLast("}") { return }
        repeat {
            _ = try string()
            try take(":")
            try skipValue(depth: depth - 1)
        } while try takesComma(orEnd: "}")
    }
}
