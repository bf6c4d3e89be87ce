internal import ArgumentParser

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
}
