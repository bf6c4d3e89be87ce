internal import ArgumentParser

/// `millrace dev`: what a developer needs beside the pipelines themselves.
struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev", abstract: "Brokers, databases and sample data for development.",
        subcommands: [DevMockBrokerCommand.self])
}
