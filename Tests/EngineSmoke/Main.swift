import EngineWorkload

/// `EngineSmoke RECORDS closures|functors|floor`: one pass, for a tool that counts instructions.
@main
struct EngineSmoke {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let records = Int(arguments[1]) else {
            print("usage: EngineSmoke RECORDS closures|functors|floor")
            return
        }
        let samples = EngineWorkload.samples(records, keys: 1_000)
        let total =
            arguments[2] == "floor"
            ? EngineWorkload.handWritten(samples)
            : try EngineWorkload.run(samples, functors: arguments[2] == "functors")
        print(total)
    }
}
