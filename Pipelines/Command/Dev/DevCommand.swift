internal import ArgumentParser

/// `millrace dev`: what stands in for a production environment on a laptop and in tests.
struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev", abstract: "Stand-ins for development and tests.",
        subcommands: [
            DevBrokerCommand.self, DevMockBrokerCommand.self, DevFleetCommand.self,
            DemoCommand.self,
        ])
}
