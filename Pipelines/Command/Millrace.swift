internal import ArgumentParser
@preconcurrency internal import Glibc
internal import KafkaClient

/// The `millrace` binary.
@main
struct Millrace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "millrace", abstract: "Stream-processing pipelines on Kafka and PostgreSQL.",
        subcommands: [
            RunCommand.self, ListCommand.self, ExplainCommand.self, GraphCommand.self,
            ValidateCommand.self, TestCommand.self, TopicsCommand.self, LagCommand.self,
            TrafficCommand.self,
            DoctorCommand.self,
            PromQLCommand.self, DevCommand.self,
        ])

    static func main() async {
        // Whoever follows a run through a pipe or a file is to see each line when it is said.
        setvbuf(stdout, nil, _IOLBF, 0)
        ClientMemory.giveBackBatches()
        await main(nil)
    }
}
