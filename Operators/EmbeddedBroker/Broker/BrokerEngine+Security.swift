internal import BrokerModel
internal import Records

// SASL PLAIN (RFC 4616), in Kafka's framing (KIP-43, KIP-152).

extension BrokerEngine {
    /// The greatest request of a client that has not authenticated yet, as in Kafka
    /// (`sasl.server.max.receive.size`).
    private static let unauthenticatedRequest = 512 << 10
    /// How long the answer to wrong credentials is held back, in ms, as in Kafka
    /// (`connection.failed.authentication.delay.ms`).
    private static let failureDelay: Int64 = 100

    /// The greatest request that is read from the client now, in bytes.
    package func maximumRequest(of connection: ClientConnection) -> Int {
        let isOpen = configuration.users.isEmpty || connection.authentication == .done
        return isOpen
            ? configuration.maximumRequest
            : min(configuration.maximumRequest, Self.unauthenticatedRequest)
    }

    /// Lets a request through only when its connection has authenticated, where that is needed.
    func admit(_ key: APIKey, _ context: RequestContext) throws(CodecError) {
        guard !configuration.users.isEmpty else { return }
        switch (context.connection.authentication, key) {
        case (.done, _): return
        case (.failed, _): throw .malformed("a request after wrong credentials")
        case (_, .apiVersions), (_, .saslHandshake), (_, .saslAuthenticate): return
        default: throw .malformed("a request before authentication")
        }
    }

    func saslHandshake(_ request: SaslHandshakeRequest, _ context: RequestContext) {
        var response = SaslHandshakeResponse()
        response.mechanisms = ["PLAIN"]
        if configuration.users.isEmpty {
            response.errorCode = ErrorCode.illegalSASLState.rawValue
        } else if request.mechanism != "PLAIN" {
            response.errorCode = ErrorCode.unsupportedSASLMechanism.rawValue
        } else {
            // After version 0 the exchange goes on without Kafka's headers.
            context.connection.authentication = context.version == 0 ? .plain : .handshake
        }
        reply(response, to: context)
    }

    func saslAuthenticate(_ request: SaslAuthenticateRequest, _ context: RequestContext) {
        var response = SaslAuthenticateResponse()
        if context.connection.authentication != .handshake {
            response.errorCode = ErrorCode.illegalSASLState.rawValue
            response.errorMessage = "SaslHandshake comes first."
        } else if isKnown(request.authBytes) {
            context.connection.authentication = .done
        } else {
            response.errorCode = ErrorCode.saslAuthenticationFailed.rawValue
            response.errorMessage = "Authentication failed: Invalid username or password"
            return refuseLater(response, context)
        }
        reply(response, to: context)
    }

    /// Answers after a while and then cuts the client off: a connection has one try.
    private func refuseLater(_ response: SaslAuthenticateResponse, _ context: RequestContext) {
        context.connection.authentication = .failed
        let answer = { [weak self] in
            guard let self else { return }
            self.reply(response, to: context)
            self.driver?.close(context.connection, reason: "wrong credentials")
        }
        delayedActions.append((clock + Self.failureDelay, answer))
    }

    /// The exchange that follows a handshake of version 0.
    func authenticateRaw(
        _ frame: UnsafeRawBufferPointer, slot: UInt64, connection: ClientConnection
    ) throws(CodecError) {
        guard isKnown([UInt8](frame)) else { throw .malformed("wrong credentials") }
        connection.authentication = .done
        driver?.send(
            OutgoingFrame(bytes: [0, 0, 0, 0], parts: []), slot: slot, connection: connection)
    }

    /// Whether the message names a user and the password: authorization, user, password, with a
    /// zero byte between.
    private func isKnown(_ message: [UInt8]) -> Bool {
        let parts = message.split(separator: 0, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return false }
        let user = String(decoding: parts[1], as: UTF8.self)
        let given = Array(parts[2])
        let expected = Array((configuration.users[user] ?? "").utf8)
        // Every byte is compared, so that the time taken tells nothing of the password.
        var difference: UInt8 = configuration.users[user] == nil ? 1 : 0
        if given.count != expected.count { difference |= 1 }
        for (index, byte) in given.enumerated() where index < expected.count {
            difference |= byte ^ expected[index]
        }
        return difference == 0
    }
}
