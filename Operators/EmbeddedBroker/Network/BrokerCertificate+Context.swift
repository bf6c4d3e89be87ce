internal import NIOSSL

extension BrokerCertificate {
    /// Reads the files.
    ///
    /// - Throws: a `NIOSSLError` when a file is missing or holds something else.
    func context() throws -> NIOSSLContext {
        let certificates = try NIOSSLCertificate.fromPEMFile(chain)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: privateKey, format: .pem)))
        if let clientAuthorities {
            configuration.trustRoots = .file(clientAuthorities)
            // A client is known by its certificate, not by the name of its machine.
            configuration.certificateVerification = .noHostnameVerification
        }
        return try NIOSSLContext(configuration: configuration)
    }
}
