/// The order in which `a2` stands before `a10`: runs of digits are compared as numbers.
enum NaturalOrder {
    static func precedes(_ a: String, _ b: String) -> Bool {
        let (x, y) = (chunks(a), chunks(b))
        for (p, q) in zip(x, y) where p != q {
            if let m = Int(p), let n = Int(q), m != n { return m < n }
            if Int(p) == nil || Int(q) == nil { return Labels.precedes(p, q) }
        }
        return x.count == y.count ? Labels.precedes(a, b) : x.count < y.count
    }

    private static func chunks(_ text: String) -> [String] {
        var result: [String] = []
        var wasDigit: Bool?
        for character in text.unicodeScalars {
            let isDigit = ("0"..."9").contains(character)
            if wasDigit == isDigit, !result.isEmpty {
                result[result.count - 1].unicodeScalars.append(character)
            } else {
                result.append(String(character))
            }
            wasDigit = isDigit
        }
        return result
    }
}
