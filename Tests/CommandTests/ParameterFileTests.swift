import Dataflow
import Foundation
import Records
import Testing

@testable import Command

/// Parameters come from people's files: whatever stands there, the answer is a sentence.
@Suite("Parameters from files")
struct ParameterFileTests {
    /// What planning a pipeline with a file says; nil when it is valid.
    private func answer(_ pipeline: String, _ yaml: String, partitions: Int32 = 4) -> String? {
        do {
            _ = try Catalogue.entry(pipeline).plan(
                parameters: yaml, options: PlanOptions(partitions: partitions))
            return nil
        } catch let error as GraphFaults {
            return error.description
        } catch let error as DataflowError {
            return error.message
        } catch {
            return "RAW \(error)"
        }
    }

    @Test(
        "what can't be used is a fault with file, line and name",
        arguments: [
            ("traffic-updates", "window: 0", "parameter window"),
            ("traffic-updates", "window: -3", "parameter window"),
            ("traffic-updates", "window: 1e30", "parameter window"),
            ("traffic-updates", "matcherLag: 1e30", "parameter matcherLag"),
            ("traffic-updates", "minimumVehicles: -1", "parameter minimumVehicles"),
            ("traffic-updates", "map: /nowhere/city.osm.pbf", "/nowhere/city.osm.pbf"),
            ("traffic-updates", "locations: a b", "\"a b\" can't name a topic"),
            ("word-count", "window: 0", "parameter window"),
            ("location-ingest", "limits: {points: 0}", "parameter limits.points"),
        ])
    func faults(_ pipeline: String, _ yaml: String, _ wanted: String) throws {
        let answer = try #require(self.answer(pipeline, yaml))
        #expect(answer.contains(wanted), "\(answer)")
        #expect(answer.contains(".swift:"), "\(answer)")
    }

    @Test(
        "what is no value is said without a raw error",
        arguments: [
            ("window: .nan", "window is no number"), ("window: .inf", "window is no number"),
            ("map: 2001-01-01", "map is no"), ("window: [1]", "window is not a"),
            ("minimumVehicles: 1e30", "minimumVehicles"), ("nothing: 1", "nothing is no parameter"),
            ("window: [", "not YAML"),
        ])
    func noValues(_ yaml: String, _ wanted: String) throws {
        let answer = try #require(self.answer("traffic-updates", yaml))
        #expect(answer.contains(wanted), "\(answer)")
        #expect(!answer.hasPrefix("RAW"), "\(answer)")
    }

    @Test("a topic has partitions")
    func partitions() throws {
        #expect(answer("word-count", "window: 60", partitions: 0)?.contains("at least 1") == true)
        #expect(answer("word-count", "window: 60", partitions: 1) == nil)
    }

    @Test("a file that isn't there is named")
    func missingFile() {
        #expect {
            try ParameterFile.read("/nowhere/p.yaml")
        } throws: { error in
            (error as? DataflowError)?.message.contains("/nowhere/p.yaml doesn't exist") == true
        }
    }

    @Test("the files in the repository say what the defaults are")
    func repositoryFiles() throws {
        var root = URL(fileURLWithPath: #filePath)
        while root.path != "/", root.lastPathComponent != "Tests" {
            root.deleteLastPathComponent()
        }
        let folder = root.deletingLastPathComponent().appendingPathComponent("configs/pipelines")
        for entry in Catalogue.entries {
            let path = folder.appendingPathComponent("\(entry.name).yaml").path
            #expect(answer(entry.name, try ParameterFile.read(path)) == nil)
        }
    }
}
