/// Reads the escapes of a quoted string.
enum StringUnescaper {
    struct Failure: Error {
        let message: String
    }

    /// The bytes that a literal with its quotes stands for, which need not be UTF-8.
    static func bytes(of literal: String) throws(Failure) -> [UInt8] {
        var source = Array(literal.utf8)
        guard source.count >= 2, let quote = source.first else {
            throw Failure(message: "invalid syntax")
        }
        source.removeFirst()
        source.removeLast()
        if quote == UInt8(ascii: "`") { return source }
        var output: [UInt8] = []
        var index = 0
        while index < source.count {
            guard source[index] == UInt8(ascii: "\\") else {
                output.append(source[index])
                index += 1
                continue
            }
            index += 1
            guard index < source.count else {
                throw Failure(message: "escape sequence not terminated")
            }
            let escape = source[index]
            index += 1
            if let plain = plain(escape, quote: quote) {
                output.append(plain)
            } else {
                try numeric(escape, source, &index, &output)
            }
        }
        return output
    }

    private static func plain(_ escape: UInt8, quote: UInt8) -> UInt8? {
        switch Unicode.Scalar(escape) {
        case "a": 7
        case "b": 8
        case "f": 12
        case "n": 10
        case "r": 13
        case "t": 9
        case "v": 11
        case "\\": escape
        default: escape == quote ? quote : nil
        }
    }

    private static func numeric(
        _ escape: UInt8, _ source: [UInt8], _ index: inout Int, _ output: inout [UInt8]
    ) throws(Failure) {
        var radix = 16
        var count = 0
        switch Unicode.Scalar(escape) {
        case "x": count = 2
        case "u": count = 4
        case "U": count = 8
        case "0", "1", "2", "3", "4", "5", "6", "7":
            count = 3
            radix = 8
            index -= 1
        default:
            throw Failure(
                message: "unknown escape sequence U+00"
                    + PromQLText.hex(UInt32(escape), width: 2).uppercased()
                    + " '\(Unicode.Scalar(escape))'")
        }
        guard index + count <= source.count else {
            throw Failure(message: "escape sequence not terminated")
        }
        let digits = String(decoding: source[index..<index + count], as: UTF8.self)
        guard let value = UInt32(digits, radix: radix) else {
            throw Failure(message: "illegal character in escape sequence")
        }
        index += count
        if count <= 3 {
            guard let byte = UInt8(exactly: value) else {
                throw Failure(message: "escape sequence is an invalid Unicode code point")
            }
            output.append(byte)
        } else {
            guard let scalar = Unicode.Scalar(value) else {
                throw Failure(message: "escape sequence is an invalid Unicode code point")
            }
            output.append(contentsOf: Array(String(scalar).utf8))
        }
    }
}
