/// The named classes of characters that RE2 knows.
enum RegexClasses {
    /// A class of POSIX, as in `[[:alpha:]]`.
    static func posix(_ name: String) -> RegexSet? {
        switch name {
        case "alnum": RegexSet(ranges: [48...57, 65...90, 97...122])
        case "alpha": RegexSet(ranges: [65...90, 97...122])
        case "ascii": RegexSet(ranges: [0...127])
        case "blank": RegexSet(ranges: [9...9, 32...32])
        case "cntrl": RegexSet(ranges: [0...31, 127...127])
        case "digit": RegexSet(ranges: [48...57])
        case "graph": RegexSet(ranges: [33...126])
        case "lower": RegexSet(ranges: [97...122])
        case "print": RegexSet(ranges: [32...126])
        case "punct": RegexSet(ranges: [33...47, 58...64, 91...96, 123...126])
        case "space": RegexSet(ranges: [9...13, 32...32])
        case "upper": RegexSet(ranges: [65...90])
        case "word": .word
        case "xdigit": RegexSet(ranges: [48...57, 65...70, 97...102])
        default: nil
        }
    }

    /// A general category or script of Unicode, as in `\pL`, `\p{Lu}` or `\p{Greek}`.
    static func unicode(_ name: String) -> RegexSet? {
        categories[name] ?? RegexScripts.named(name)
    }

    /// The planes that have assigned characters other than private ones.
    private static let planes: [ClosedRange<UInt32>] = [0...0x3FFFF, 0xE0000...0xE0FFF]

    private static let categories: [String: RegexSet] = {
        var ranges: [String: [ClosedRange<UInt32>]] = [:]
        for plane in planes {
            var category = ""
            var start = plane.lowerBound
            func close(_ end: UInt32) {
                guard !category.isEmpty else { return }
                ranges[category, default: []].append(start...end)
                ranges[String(category.prefix(1)), default: []].append(start...end)
            }
            for value in plane {
                // What is no scalar is a surrogate.
                let found =
                    Unicode.Scalar(value).map { abbreviation($0.properties.generalCategory) }
                    ?? "Cs"
                if found != category {
                    if value > start { close(value - 1) }
                    category = found
                    start = value
                }
            }
            close(plane.upperBound)
        }
        for name in ["Co", "C"] {
            ranges[name, default: []] += [0xF0000...0xFFFFD, 0x100000...0x10FFFD]
        }
        ranges["Any"] = [0...0x10FFFF]
        return ranges.mapValues { RegexSet(ranges: $0) }
    }()

    private static func abbreviation(_ category: Unicode.GeneralCategory) -> String {
        switch category {
        case .uppercaseLetter: "Lu"
        case .lowercaseLetter: "Ll"
        case .titlecaseLetter: "Lt"
        case .modifierLetter: "Lm"
        case .otherLetter: "Lo"
        case .nonspacingMark: "Mn"
        case .spacingMark: "Mc"
        case .enclosingMark: "Me"
        case .decimalNumber: "Nd"
        case .letterNumber: "Nl"
        case .otherNumber: "No"
        case .connectorPunctuation: "Pc"
        case .dashPunctuation: "Pd"
        case .openPunctuation: "Ps"
        case .closePunctuation: "Pe"
        case .initialPunctuation: "Pi"
        case .finalPunctuation: "Pf"
        case .otherPunctuation: "Po"
        case .mathSymbol: "Sm"
        case .currencySymbol: "Sc"
        case .modifierSymbol: "Sk"
        case .otherSymbol: "So"
        case .spaceSeparator: "Zs"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .control: "Cc"
        case .format: "Cf"
        case .surrogate: "Cs"
        case .privateUse: "Co"
        case .unassigned: "Cn"
        @unknown default: "Cn"
        }
    }
}
