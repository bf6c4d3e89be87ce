import EngineWorkload
import Records

/// `EngineSmoke RECORDS closures|functors|floor|topic|shuffle|encode`: one pass, for a tool that counts instructions.
@main
struct EngineSmoke {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let records = Int(arguments[1]) else {
            print("usage: EngineSmoke RECORDS closures|functors|floor|topic|shuffle|encode")
            return
        }
        let samples = { EngineWorkload.samples(records, keys: 1_000) }
        let total =
            switch arguments[2] {
            case "floor": EngineWorkload.handWritten(samples())
            case "topic": try TopicWorkload.run(records, shuffled: false)
            case "encode": UInt64(TopicWorkload.encode(0..<records).entries.count)
            case "shuffle": try TopicWorkload.run(records, shuffled: true)
            default: try EngineWorkload.run(samples(), functors: arguments[2] == "functors")
            }
        print(total)
    }
}
