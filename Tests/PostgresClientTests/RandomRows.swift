import Records
import State

/// Rows of a table with a column of every type, their keys unique.
enum RandomRows {
    static func table(_ name: String) -> TableSpec {
        TableSpec(
            name,
            columns: [
                .init("id", .integer), .init("part", .text), .init("d", .double), .init("t", .text),
                .init("b", .bytes), .init("at", .time), .init("flag", .boolean),
            ], key: ["id", "part"])
    }

    static func make(count: Int, seed: UInt64) -> [[TableValue]] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { index in
            func maybe(_ value: TableValue) -> TableValue {
                Int.random(in: 0..<8, using: &random) == 0 ? .null : value
            }
            let doubles = [0.0, -0.0, .nan, .infinity, -.infinity, random.unit() * 1e9]
            let texts = ["", "a", "\u{e9}", "e\u{301}", "\u{1F697} \\N \t\n", "{\"x\",NULL}"]
            let bytes = (0..<Int.random(in: 0..<40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let times: [EventTime] = [
                .min, .max, EventTime(milliseconds: 0),
                EventTime(milliseconds: Int64.random(in: -1 << 46..<1 << 46, using: &random)),
            ]
            return [
                .integer(Int64(bitPattern: SeededGenerator.mix(UInt64(index) / 4))),
                .text("\(index % 4)"),
                maybe(.double(doubles[Int.random(in: doubles.indices, using: &random)])),
                maybe(.text(texts[Int.random(in: texts.indices, using: &random)])),
                maybe(.bytes(bytes)),
                maybe(.time(times[Int.random(in: times.indices, using: &random)])),
                maybe(.boolean(Bool.random(using: &random))),
            ]
        }
    }
}
