import Dataflow
import Records
import Sinks
import Sources
import Testing
import Transforms

@Suite("Faults of a definition")
struct GraphFaultTests {
    private func faults(_ build: (GraphBuilder) -> Void) -> [GraphFault] {
        let builder = GraphBuilder(pipeline: "faulty")
        build(builder)
        do throws(GraphFaults) {
            _ = try Plan(try builder.graph())
            return []
        } catch {
            return error.faults
        }
    }

    @Test("all mistakes are reported at once, each with file and line")
    func allAtOnce() throws {
        let first = #line
        let faults = faults { graph in
            let rides = graph.source("Rides", from: KafkaSource<Ride>("rides"))
            let kept = rides.accepted.filter("kept") { $0.road > 0 }
            kept.sink("kept", to: KafkaSink("out"))
            let windows = kept.keyBy("by-road", \.road).window(.tumbling(.seconds(1)))
            windows.aggregate("count", RideCount.self).sink("end", to: NothingSink())
        }
        // A malformed name, an unread side output, a name twice, an untimed window, unread late records.
        #expect(
            faults.map(\.operatorID.rawValue) == [
                "Rides", "Rides.rejected", "Rides.rejected", "kept", "by-road.late", "count",
            ])
        #expect(
            faults.map(\.location)
                == [2, 2, 2, 4, 5, 6].map {
                    "GraphFaultTests.swift:\(first + $0)"
                })
        let text = faults.map(\.description).joined(separator: "\n")
        #expect(text.contains("GraphFaultTests.swift:\(first + 4): kept: the name is taken"))
        #expect(text.contains("a window needs event time"))
        #expect(text.contains("DeadLetters()"))
    }

    @Test("a window without a length and a topic without a name are faults with file and line")
    func windowsAndTopics() {
        let first = #line
        let faults = faults { graph in
            let rides = graph.source("rides", from: KafkaSource<Ride>("a b"))
            rides.rejected.sink("rejects", to: DeadLetters())
            let timed = rides.accepted.assignTimestamps(
                "event-time", .boundedOutOfOrder(.zero), \.time)
            let windows = timed.keyBy("by-road", \.road).window(.tumbling(.seconds(-3)))
            windows.late.sink("late", to: DeadLetters())
            windows.aggregate("count", RideCount.self).sink("end", to: NothingSink())
        }
        #expect(faults.map(\.operatorID.rawValue) == ["by-road", "rides"])
        #expect(
            faults.map(\.location) == [6, 2].map { "GraphFaultTests.swift:\(first + $0)" })
        #expect(faults.first?.message.contains("-3000 ms") == true)
    }

    @Test("names of topics are Kafka's", arguments: ["", ".", "..", "a b", "ä", "a/b"])
    func topicNames(_ name: String) {
        #expect(!TopicSpec.isName(name))
        #expect(TopicSpec.isName("a.B_c-1"))
        #expect(TopicSpec.isName(String(repeating: "a", count: 249)))
        #expect(!TopicSpec.isName(String(repeating: "a", count: 250)))
    }

    @Test("an empty pipeline is refused")
    func empty() {
        #expect(
            faults { _ in }.map(\.message) == [
                "the pipeline is empty: it needs a source and a sink"
            ])
    }

    @Test("a stream that nobody consumes is refused")
    func unconsumed() {
        let faults = faults { graph in
            let rides = graph.source("rides", from: KafkaSource<Ride>("rides"))
            rides.rejected.sink("rejects", to: DeadLetters())
            _ = rides.accepted.map("moved") { $0 }
        }
        #expect(faults.map(\.operatorID.rawValue) == ["moved"])
    }

    @Test("a keyed stream serves one operator")
    func keyedTwice() {
        let faults = faults { graph in
            let rides = graph.source("rides", from: KafkaSource<Ride>("rides"))
            rides.rejected.sink("rejects", to: DeadLetters())
            let keyed = rides.accepted.keyBy("by-road", \.road)
            keyed.process("one") { PassRides() }.sink("one-out", to: KafkaSink("one"))
            keyed.process("two") { PassRides() }.sink("two-out", to: KafkaSink("two"))
        }
        #expect(faults.map(\.operatorID.rawValue) == ["two"])
        #expect(faults.first?.message.contains("call keyBy again") ?? false)
    }

    @Test("a stage of pushed records writes one topic, and is joined with none")
    func pushed() {
        let faults = faults { graph in
            let rides = graph.source("rides", from: PushSource<Ride>())
            rides.rejected.sink("rejects", to: DeadLetters())
            rides.accepted.sink("one", to: KafkaSink("one"))
            rides.accepted.sink("two", to: KafkaSink("two"))
            let read = graph.source("read", from: KafkaSource<Ride>("more"))
            read.rejected.sink("unreadable", to: DeadLetters())
            read.accepted.union("both", with: rides.accepted).sink("three", to: KafkaSink("three"))
        }
        #expect(faults.map(\.operatorID.rawValue) == ["rides", "rides"])
    }

    @Test("two resources of one name and different types are refused")
    func resources() throws {
        let builder = GraphBuilder(pipeline: "resources")
        let number = builder.resource("map") { 1 }
        let text = builder.resource("map") { "one" }
        #expect(try number.get() == 1)
        #expect(throws: DataflowError.self) { try text.get() }
    }
}

/// Takes anything and keeps nothing.
private struct NothingSink<In>: SinkFactory {
    struct Terminal: TerminalSink {
        mutating func receive(_ value: In, at time: EventTime) {}
    }

    var kind: GraphNode.Kind { .localSink }

    func make(_ node: NodeID, _ builder: TaskBuilder) throws -> Terminal { Terminal() }
}
