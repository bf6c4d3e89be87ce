internal import ArgumentParser
internal import Dataflow
internal import Foundation
internal import Records

/// Which pipeline, with which parameters: what the verbs that need no connection share.
struct PipelineArguments: ParsableArguments {
    @Argument(help: "The pipeline's name; `millrace list` prints them.")
    var pipeline: String

    @Option(help: "A YAML file of parameters; those it leaves out keep their defaults.")
    var config: String?

    @Option(help: "How many partitions topics get that Millrace creates.")
    var partitions: Int32 = 4

    /// The file's text.
    func parameters() throws -> String? {
        try config.map { try ParameterFile.read($0) }
    }

    /// The plan.
    func plan() throws -> Plan {
        try Catalogue.entry(pipeline).plan(
            parameters: try parameters(), options: PlanOptions(partitions: partitions))
    }
}

/// `millrace explain`: the plan, stage by stage.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Print how a pipeline is cut into stages, and what each reads, keeps and writes.")

    @OptionGroup var arguments: PipelineArguments

    func run() throws { print(try arguments.plan().explained(), terminator: "") }
}

/// `millrace graph`: the plan as a drawing.
struct GraphCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph",
        abstract: "Print a pipeline's plan in Graphviz's DOT language: millrace graph … | dot -Tsvg"
    )

    @OptionGroup var arguments: PipelineArguments

    func run() throws { print(try arguments.plan().dot(), terminator: "") }
}

/// `millrace validate`: every fault of a definition and its parameters.
struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check a pipeline's definition and parameters; needs no connection.")

    @OptionGroup var arguments: PipelineArguments

    func run() throws {
        let plan = try arguments.plan()
        print("\(plan.graph.pipeline): valid, \(plan.stages.count) stages")
        for notice in plan.graph.notices { print("warning: \(notice)") }
    }
}

/// `millrace list`: the pipelines of this binary.
struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the pipelines that this binary holds.")

    func run() {
        for entry in Catalogue.entries {
            print(
                "\(entry.name.padding(toLength: 18, withPad: " ", startingAt: 0))\(entry.summary)")
        }
    }
}

/// `millrace topics --plan`: what must be in the cluster.
struct TopicsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topics", abstract: "List the topics that pipelines read and write.")

    @Flag(help: "List what is planned; connect to nothing.")
    var plan = false

    @Argument(help: "The pipelines; all of them by default.")
    var pipelines: [String] = []

    @Option(help: "How many partitions topics get that Millrace creates.")
    var partitions: Int32 = 4

    func run() throws {
        let names = pipelines.isEmpty ? Catalogue.entries.map(\.name) : pipelines
        var topics: Set<TopicSpec> = []
        for name in names {
            let plan = try Catalogue.entry(name).plan(
                parameters: nil, options: PlanOptions(partitions: partitions))
            topics.formUnion(plan.topics)
        }
        var present: [String: Int32]?
        if !plan { present = try ClusterTopics.read() }
        for topic in topics.sorted(by: { $0.name < $1.name }) {
            let state = present.map { present in
                present[topic.name].map { "  present with \($0)" } ?? "  missing"
            }
            print("\(topic.name):\(topic.partitions)\(state ?? "")")
        }
    }
}
