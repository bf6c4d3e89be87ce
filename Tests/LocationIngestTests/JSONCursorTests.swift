import Records
import Testing

@testable import LocationIngest

@Suite("JSON cursor")
struct JSONCursorTests {
    static func number(_ text: String) -> Double? {
        Array(text.utf8).withUnsafeBytes { bytes in
            var cursor = JSONCursor(bytes)
            guard let number = try? cursor.numberText(), cursor.position == cursor.end else {
                return nil
            }
            return cursor.double(number, longest: 2_000)
        }
    }

    @Test("numbers round as the standard library rounds them, 50,000 seeded texts")
    func rounding() throws {
        var random = SeededGenerator(seed: 5)
        func digits(_ count: UInt64) -> String {
            String((0..<count).map { _ in Character(String(random.next() % 10)) })
        }
        for _ in 0..<50_000 {
            var text = random.next() % 2 == 0 ? "-" : ""
            text += String(random.next() >> (random.next() % 64))
            if random.next() % 4 != 0 { text += "." + digits(1 + random.next() % 20) }
            if random.next() % 8 == 0 {
                text += ["e", "E", "e-", "E+"][Int(random.next() % 4)]
                text += String(random.next() % 330)
            }
            let expected = try #require(Double(text))
            try #require(Self.number(text)?.bitPattern == expected.bitPattern, "\(text)")
        }
    }

    @Test("shortest decimals of 50,000 random coordinates come back to the bit")
    func shortest() throws {
        var random = SeededGenerator(seed: 6)
        for _ in 0..<50_000 {
            let value = (random.unit() * 2 - 1) * 180
            try #require(Self.number("\(value)") == value)
        }
    }

    @Test(
        "numbers at the edges round correctly",
        arguments: [
            "0", "-0", "-0.0", "9007199254740993", "9007199254740992.5", "18446744073709551616",
            "1844674407370955161600", "0.000000000000000000000000000000000001", "1e999", "-1e999",
            "1e-999", "4.9406564584124654e-324", "2.4703282292062327e-324",
            "1.7976931348623157e308", "8.5000000000000000000000000001",
            "0.30000000000000004", "123456789.1234567890", "9999999999999999999",
            "0.9999999999999999999", "1e99999999999999999999", "0e99999999999999999999",
        ])
    func edges(text: String) throws {
        #expect(Self.number(text)?.bitPattern == Double(text)?.bitPattern)
    }

    @Test(
        "what isn't a JSON number isn't read as one",
        arguments: [
            "", "-", "+1", ".5", "1.", "01", "-01", "1e", "1e+", "1.e3", "0x10", "1_0", "--1",
        ])
    func notNumbers(text: String) {
        #expect(Self.number(text) == nil)
    }

    @Test("a number longer than its limit is refused")
    func longNumber() throws {
        try Array("1.0000000001".utf8).withUnsafeBytes { bytes in
            var cursor = JSONCursor(bytes)
            let number = try cursor.numberText()
            #expect(cursor.double(number, longest: 11) == nil)
        }
    }

    static func text(_ json: String) -> String? {
        Array(json.utf8).withUnsafeBytes { bytes in
            var cursor = JSONCursor(bytes)
            guard let string = try? cursor.string(), cursor.position == cursor.end else {
                return nil
            }
            return cursor.text(string)
        }
    }

    @Test(
        "strings are unescaped",
        arguments: [
            (#""""#, ""), (#""a b""#, "a b"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
            (#""\u0041\u00e9\u6f22""#, "Aé漢"), (#""\uD83D\uDE97!""#, "🚗!"), (#""漢é🚗""#, "漢é🚗"),
            (#""\u0000""#, "\0"),
        ])
    func strings(json: String, expected: String) {
        #expect(Self.text(json) == expected)
    }

    @Test(
        "what isn't a string of Unicode isn't read as one",
        arguments: [
            #""a"#, #"""#, #""\x""#, #""\u12""#, #""\u12G4""#, #""\uD83D""#, #""\uDE97""#,
            #""\uD83Dx""#, #""\uD83D\u0041""#, "\"\n\"", #""\"#,
        ])
    func notStrings(json: String) {
        #expect(Self.text(json) == nil)
    }

    static func isValue(_ json: String, depth: Int = 8) -> Bool {
        Array(json.utf8).withUnsafeBytes { bytes in
            var cursor = JSONCursor(bytes)
            return (try? cursor.skipValue(depth: depth)) != nil && cursor.position == cursor.end
        }
    }

    @Test("values of every kind are skipped whole")
    func skipping() {
        for json in [
            "null", "true", "false", "-1.5e3", #""s""#, "[]", "[ ]", "{}", "{ }", "[1, [2], {}]",
            #"{"a": {"b": [null]}, "a": 1}"#, "[\t\r\n 1 ]",
        ] { #expect(Self.isValue(json), "\(json)") }
        for json in [
            "", "nul", "tru", "True", "[", "[1", "[1,", "[1,]", "[,1]", "]", "{", #"{"a"}"#,
            #"{"a":}"#, #"{"a":1,}"#, "{a:1}", #"{"a" 1}"#, "[1 2]", "'s'", "NaN", "Infinity",
        ] { #expect(!Self.isValue(json), "\(json)") }
    }

    @Test("nesting is bounded")
    func nesting() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(Self.isValue(nested(8)))
        #expect(!Self.isValue(nested(9)))
        #expect(!Self.isValue(nested(1_000_000)))
        #expect(!Self.isValue(String(repeating: #"{"a":"#, count: 1_000_000)))
    }
}
