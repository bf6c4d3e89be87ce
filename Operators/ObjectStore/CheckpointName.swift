internal import Records

/// The rules for names of blobs: `/`-separated parts of `[A-Za-z0-9._-]`.
enum CheckpointName {
    /// The longest name, in bytes.
    static let maximumBytes = 1_024
    /// The longest part, in bytes: what file systems take for a name.
    static let maximumPartBytes = 255
    /// The most parts, which bounds the depth of directories.
    static let maximumParts = 32

    /// The name's parts.
    ///
    /// - Throws: `.invariant` for a name that breaks the rules.
    static func parts(of name: String) throws -> [String] {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard name.utf8.count <= maximumBytes, parts.count <= maximumParts,
            parts.allSatisfy(isPart)
        else {
            throw DataflowError(
                .invariant, domain: .internal,
                "a checkpoint's name is 1 to \(maximumParts) parts of [A-Za-z0-9._-], separated by \"/\""
            )
        }
        return parts
    }

    /// Whether a text can be a part: not empty, not `.` or `..`, of the allowed characters.
    static func isPart(_ text: String) -> Bool {
        guard (1...maximumPartBytes).contains(text.utf8.count), text != ".", text != ".." else {
            return false
        }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }
}
