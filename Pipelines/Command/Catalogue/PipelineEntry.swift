internal import Dataflow
internal import Foundation
internal import Records
internal import RoadNetwork
internal import State

/// A pipeline of the catalogue, its types forgotten: what the commands work with.
struct PipelineEntry: Sendable {
    /// The pipeline's name.
    let name: String
    /// What it is for, in one line.
    let summary: String
    /// The tables that it keeps.
    let tables: [TableSpec]
    /// What stands beside the tables: statements that may be repeated, with the parameters of a configuration file
    /// (YAML).
    let views: @Sendable (String?) throws -> [String]
    /// The tables whose old rows are taken away, with the parameters of a configuration file (YAML).
    let upkeep: @Sendable (String?) throws -> [AgeingTable]
    /// Rows that follow from the parameters alone, and stand in a table before the pipeline starts.
    let reference: @Sendable (GraphBuilder, String?) throws -> ReferenceRows?
    /// Defines the pipeline with the parameters of a configuration file (YAML), or without one.
    let define: @Sendable (GraphBuilder, String?) throws -> Void

    /// Wraps a pipeline.
    init<P: Pipeline>(
        _ type: P.Type, summary: String, tables: [TableSpec] = [],
        views: @escaping @Sendable (P.Parameters) -> [String] = { _ in [] },
        upkeep: @escaping @Sendable (P.Parameters) -> [AgeingTable] = { _ in [] },
        reference: @escaping @Sendable (P, GraphBuilder, P.Parameters) throws -> ReferenceRows? = {
            _, _, _ in nil
        },
        make: @escaping @Sendable () -> P = { P() }
    ) {
        name = P.name
        self.summary = summary
        self.tables = tables
        self.views = { yaml in views(try ParameterFile.overlay(yaml, on: P.defaults)) }
        self.upkeep = { yaml in upkeep(try ParameterFile.overlay(yaml, on: P.defaults)) }
        self.reference = { builder, yaml in
            try reference(make(), builder, try ParameterFile.overlay(yaml, on: P.defaults))
        }
        define = { builder, yaml in
            let parameters = try ParameterFile.overlay(yaml, on: P.defaults)
            make().build(builder, parameters)
        }
    }

    /// The plan with the parameters of a configuration file, or without one.
    func plan(parameters yaml: String?, options: PlanOptions = PlanOptions()) throws -> Plan {
        let builder = GraphBuilder(pipeline: name)
        try define(builder, yaml)
        return try Plan(try builder.graph(), options: options)
    }
}
