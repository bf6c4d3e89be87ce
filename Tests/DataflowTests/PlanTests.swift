import Dataflow
import Records
import Sinks
import TestFiles
import Testing
import Transforms

extension PlanPipelines: CustomTestStringConvertible {
    var testDescription: String { rawValue }

    func plan() throws -> Plan {
        let builder = GraphBuilder(pipeline: rawValue)
        build(builder)
        return try Plan(try builder.graph())
    }
}

@Suite("Plan")
struct PlanTests {
    /// The place where an operator was named moves with the file; the text need not.
    private func withoutLines(_ text: String) -> String {
        text.replacing(/PlanPipelines\.swift:\d+/, with: "PlanPipelines.swift")
    }

    @Test("explains itself as it did", arguments: PlanPipelines.allCases)
    func explain(pipeline: PlanPipelines) throws {
        try Golden.check(
            withoutLines(try pipeline.plan().explained()), "\(pipeline.rawValue).explain.txt")
    }

    @Test("draws itself as it did", arguments: PlanPipelines.allCases)
    func draw(pipeline: PlanPipelines) throws {
        try Golden.check(try pipeline.plan().dot(), "\(pipeline.rawValue).dot.txt")
    }

    @Test("a table of a stage of its own is drawn once, and dead letters lead to their topic")
    func drawnOnce() throws {
        let dot = try PlanPipelines.follow.plan().dot()
        for node in try PlanPipelines.follow.plan().graph.nodes {
            #expect(
                dot.split(separator: "\n").count { $0.contains("n\(node.id.index) [label") } == 1)
        }
        #expect(dot.contains("-> \"follow.dead-letters\";"))
    }

    @Test("a new key cuts a stage, and a table behind a topic becomes a stage that follows it")
    func follow() throws {
        let plan = try PlanPipelines.follow.plan()
        #expect(plan.stages.map(\.name) == ["rides", "by-road", "counts-table"])
        #expect(plan.stages.map(\.authority) == [.kafka, .kafka, .postgres])
        #expect(plan.stages[1].inputs.map(\.kind) == [.exchange])
        #expect(plan.stages[1].topics == ["follow.by-road.repartition"])
        #expect(plan.stages[2].inputs.map(\.kind) == [.follow])
        #expect(plan.stages[2].topics == ["road-counts"])
        #expect(
            plan.topics.map(\.name) == [
                "follow.by-road.repartition", "follow.dead-letters", "rides", "road-counts",
            ])
        #expect(
            plan.topics.map(\.retention) == [
                .unlimited, .clusterDefault, .clusterDefault, .clusterDefault,
            ])
    }

    @Test("a table whose records no topic carries gets them by a handoff")
    func handoff() throws {
        let plan = try PlanPipelines.handoff.plan()
        #expect(plan.stages.map(\.name) == ["rides", "rides-table"])
        #expect(plan.stages.map(\.authority) == [.kafka, .postgres])
        #expect(plan.stages[1].inputs.map(\.kind) == [.handoff])
        #expect(plan.stages[1].topics == ["handoff.rides-table.handoff"])
    }

    @Test("the topic's own key needs no shuffle")
    func ownKey() throws {
        let plan = try PlanPipelines.ownKey.plan()
        #expect(plan.stages.map(\.authority) == [.postgres])
        #expect(plan.shuffles.isEmpty)
        #expect(plan.stages[0].cuts.isEmpty)
    }

    @Test("a chain is cut behind a fan-out and at a union, and nowhere else")
    func cuts() throws {
        let plan = try PlanPipelines.seams.plan()
        let cuts = plan.stages[0].cuts.map { plan.graph[$0].operatorID.rawValue }.sorted()
        #expect(cuts == ["all", "time"])
    }

    @Test("stages stand in the order in which data meets them, whatever the order of definition")
    func order() throws {
        let builder = GraphBuilder(pipeline: "backwards")
        let read = builder.source("read", from: KafkaSourceOfRides.second)
        read.rejected.sink("unreadable", to: DropLetters())
        read.accepted.sink("end", to: KafkaSinkOfRides.third)
        let first = builder.source("first", from: KafkaSourceOfRides.first)
        first.rejected.sink("unreadable-first", to: DropLetters())
        first.accepted.sink("middle", to: KafkaSinkOfRides.second)
        let plan = try Plan(try builder.graph())
        #expect(plan.stages.map(\.name) == ["first", "read"])
    }
}
