internal import Records
internal import State

/// Compares what a checkpoint holds with what the program keeps.
struct FingerprintCheck {
    let checkpoint: [OperatorFingerprint]
    let program: [OperatorFingerprint]

    /// - Throws: `.incompatibleState`, with a line for each operator: id, in checkpoint, in program, verdict.
    func verify() throws(DataflowError) {
        var rows: [[String]] = []
        var fits = true
        for id in Set(checkpoint.map(\.id)).union(program.map(\.id)).sorted() {
            let saved = checkpoint.first { $0.id == id }
            let wanted = program.first { $0.id == id }
            let verdict: String
            switch (saved, wanted) {
            case (let saved?, let wanted?): verdict = saved == wanted ? "fits" : "differs"
            case (_?, nil): verdict = "not in the program"
            default: verdict = "new"
            }
            // A new operator starts empty; anything else would lose or misread what was saved.
            if verdict == "differs" || verdict == "not in the program" { fits = false }
            rows.append([id.rawValue, describe(saved), describe(wanted), verdict])
        }
        if fits { return }
        let table = FingerprintCheck.table(
            ["operator", "in checkpoint", "in program", "verdict"], rows)
        throw DataflowError(
            .incompatibleState, domain: .user,
            "the checkpoint does not fit the program:\n\(table)")
    }

    private func describe(_ fingerprint: OperatorFingerprint?) -> String {
        guard let fingerprint else { return "-" }
        let key = fingerprint.keyType.isEmpty ? "" : " by \(fingerprint.keyType)"
        return "\(fingerprint.kind)\(key) v\(fingerprint.stateVersion)"
    }

    private static func table(_ header: [String], _ rows: [[String]]) -> String {
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
                .joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
