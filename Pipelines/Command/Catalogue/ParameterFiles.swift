internal import ArgumentParser

/// Which file of parameters each pipeline of a run takes: what its `--config` options say.
///
/// `NAME=FILE` is for the pipeline of that name, a plain `FILE` for the only one of the run.
struct ParameterFiles {
    private let paths: [String: String]

    /// Sorts the options by pipeline.
    ///
    /// - Throws: `ValidationError` for an option that fits no pipeline of the run, or one of two that fit the same.
    init(_ options: [String], for pipelines: [String]) throws {
        var paths: [String: String] = [:]
        for option in options {
            let (name, path) = try ParameterFiles.parse(option, pipelines)
            if path.isEmpty { throw ValidationError("--config \(option) names no file") }
            if paths.updateValue(path, forKey: name) != nil {
                throw ValidationError("--config is given twice for \(name)")
            }
        }
        self.paths = paths
    }

    /// The text of a pipeline's file; nil: it has the defaults.
    ///
    /// - Throws: `.invalidConfiguration` when the file can't be read.
    func parameters(of pipeline: String) throws -> String? {
        try paths[pipeline].map { try ParameterFile.read($0) }
    }

    /// The file of a pipeline.
    func path(of pipeline: String) -> String? { paths[pipeline] }

    private static func parse(
        _ option: String, _ pipelines: [String]
    ) throws -> (name: String, path: String) {
        if let equals = option.firstIndex(of: "=") {
            let name = String(option[..<equals])
            if pipelines.contains(name) {
                return (name, String(option[option.index(after: equals)...]))
            }
            // A file's name may hold such a sign too, but not behind the name of a pipeline.
            if pipelines.count > 1 || Catalogue.entries.contains(where: { $0.name == name }) {
                throw ValidationError(
                    "--config \(option): \(name) is no pipeline of this run, which has \(pipelines.joined(separator: ", "))"
                )
            }
        }
        guard let only = pipelines.first, pipelines.count == 1 else {
            throw ValidationError(
                "--config \(option) doesn't say for which of the pipelines: write NAME=FILE, as in --config \(pipelines.last ?? "")=\(option)"
            )
        }
        return (only, option)
    }
}
