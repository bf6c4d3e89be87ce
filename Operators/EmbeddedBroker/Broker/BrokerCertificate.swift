/// What a broker shows its clients under TLS, as paths of PEM files.
package struct BrokerCertificate: Hashable, Sendable {
    /// The broker's certificate, and behind it those that signed it.
    package var chain: String
    /// The key of the certificate.
    package var privateKey: String
    /// Who signs the certificates of clients; without it clients need none.
    package var clientAuthorities: String?

    package init(chain: String, privateKey: String, clientAuthorities: String? = nil) {
        self.chain = chain
        self.privateKey = privateKey
        self.clientAuthorities = clientAuthorities
    }
}
