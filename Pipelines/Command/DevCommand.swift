internal import ArgumentParser

/// `millrace dev`: what a developer's machine needs.
struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev", abstract: "Services for development on one machine.",
        subcommands: [DevBrokerCommand.self])
}
