import Dataflow
import TestFiles
import Testing

@testable import Command

/// What `millrace explain` and `millrace graph` say of the pipelines of this binary: a change of a pipeline shows
/// here what it does to stages, topics and state.
@Suite("The plans of the catalogue")
struct PipelinePlanTests {
    static let names = Catalogue.entries.map(\.name)

    @Test("are explained as they were", arguments: names)
    func explain(name: String) throws {
        let text = try Catalogue.entry(name).plan(parameters: nil).explained()
        // Where an operator is named moves with the file; the text need not.
        try Golden.check(
            text.replacing(/\.swift:\d+/, with: ".swift"), "\(name).explain.txt")
    }

    @Test("are drawn as they were", arguments: names)
    func draw(name: String) throws {
        try Golden.check(
            try Catalogue.entry(name).plan(parameters: nil).dot(), "\(name).dot.txt")
    }
}
