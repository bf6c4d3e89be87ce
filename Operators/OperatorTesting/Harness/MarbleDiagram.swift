internal import Records

/// A marble diagram: what happens in each frame of time, in text.
///
/// | text | meaning |
/// |---|---|
/// | `-` | a frame in which nothing comes |
/// | `a` | a frame in which the record `a` comes |
/// | `[ab]` | one frame in which both come, in this order |
/// | `^` | the task is saved and restored in another life, between two frames |
/// | `\|` | a frame in which the input ends |
///
/// Spaces mean nothing.
struct MarbleDiagram {
    /// What a step of the diagram does.
    enum Step: Equatable {
        /// A frame with its records, perhaps none.
        case frame([Character])
        /// The task is saved and restored.
        case restore
        /// The input ends.
        case end
    }

    let steps: [Step]

    init(_ text: String) throws {
        var steps: [Step] = []
        var group: [Character]?
        for character in text where character != " " {
            switch (character, group) {
            case ("[", nil): group = []
            case ("]", .some(let characters)):
                steps.append(.frame(characters))
                group = nil
            case ("[", _), ("]", _): throw MarbleDiagram.fault(text, "the brackets don't match")
            case (_, .some): group?.append(character)
            case ("-", _): steps.append(.frame([]))
            case ("^", _): steps.append(.restore)
            case ("|", _): steps.append(.end)
            default: steps.append(.frame([character]))
            }
        }
        if group != nil { throw MarbleDiagram.fault(text, "a bracket is not closed") }
        self.steps = steps
    }

    private static func fault(_ text: String, _ what: String) -> DataflowError {
        DataflowError(.invalidDefinition, domain: .user, "marble diagram \"\(text)\": \(what)")
    }
}
