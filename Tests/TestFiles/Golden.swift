internal import Foundation
package import Testing

/// Texts that are kept in a folder `Golden` beside the tests; `UPDATE_GOLDEN=1` writes them anew.
package enum Golden {
    private static let isUpdating = ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1"

    /// Compares a text with the one that is kept under a name.
    ///
    /// - Parameter file: the calling test's file, beside which the folder lies.
    package static func check(
        _ text: String, _ name: String, file: String = #filePath,
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws {
        let kept = URL(filePath: file).deletingLastPathComponent()
            .appending(path: "Golden/\(name)")
        if isUpdating { try Data(text.utf8).write(to: kept) }
        let wanted = try String(contentsOf: kept, encoding: .utf8)
        #expect(
            text == wanted, "\(name); UPDATE_GOLDEN=1 accepts it", sourceLocation: sourceLocation)
    }
}
