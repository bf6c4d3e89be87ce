internal import ArgumentParser

/// The `millrace` binary.
@main
struct Millrace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "millrace", abstract: "Stream-processing pipelines on Kafka and PostgreSQL.",
        subcommands: [PromQLCommand.self])
}
