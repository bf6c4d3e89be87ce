internal import Foundation

/// Real data beside the repository, where there is any; what needs it is skipped without.
package enum SharedData {
    /// The path of a file under `../shared/data`, nil when it isn't there.
    package static func path(_ name: String, from file: String = #filePath) -> String? {
        var folder = URL(fileURLWithPath: file).deletingLastPathComponent()
        while folder.path != "/" {
            if FileManager.default.fileExists(
                atPath: folder.appendingPathComponent("Package.swift").path)
            {
                let path = folder.deletingLastPathComponent()
                    .appendingPathComponent("shared/data/\(name)").path
                return FileManager.default.fileExists(atPath: path) ? path : nil
            }
            folder.deleteLastPathComponent()
        }
        return nil
    }

    /// Whether a file is there.
    package static func has(_ name: String) -> Bool { path(name) != nil }
}
