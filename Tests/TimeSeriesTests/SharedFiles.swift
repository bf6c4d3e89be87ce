import Foundation

/// The folder of test data beside the repository, found by walking up from this file.
enum SharedFiles {
    static let root: URL? = {
        var folder = URL(fileURLWithPath: #filePath)
        while folder.path != "/" {
            folder.deleteLastPathComponent()
            let candidate = folder.appendingPathComponent("../shared").standardizedFileURL
            let marker = candidate.appendingPathComponent("data").path
            if FileManager.default.fileExists(atPath: marker) { return candidate }
        }
        return nil
    }()

    static func has(_ path: String) -> Bool {
        guard let root else { return false }
        return FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
    }

    static func files(_ path: String, suffix: String) throws -> [URL] {
        guard let root else { return [] }
        return try FileManager.default.contentsOfDirectory(
            at: root.appendingPathComponent(path), includingPropertiesForKeys: nil
        ).filter { $0.lastPathComponent.hasSuffix(suffix) }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
    }
}
