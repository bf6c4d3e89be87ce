internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import Synchronization

/// What a responder knows of the connection.
struct ConnectionContext: InitializableFromSource {
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        channel = source.channel
    }
}

/// Takes requests from hummingbird through admission, reading and routing to their handlers.
struct RequestResponder: HTTPResponder {
    typealias Context = ConnectionContext

    /// Seconds for which a connection outlives a reply whose request wasn't read to its end, so that the
    /// client can read the reply before it is reset.
    static let lingerSeconds: Int64 = 1

    let configuration: IngestServerConfiguration
    let table: RouteTable
    let reader: BodyReader
    let gate: AdmissionGate
    let counters: IngestCounters

    @Sendable
    func respond(to request: Request, context: ConnectionContext) async throws -> Response {
        switch table.match(path: request.uri.path, method: request.method.rawValue) {
        case .found(let route, let parameters):
            return try await respond(to: request, route, parameters, context.channel)
        case .methodNotAllowed(let allowed):
            var response = refuse(
                .error(
                    405, code: "method-not-allowed",
                    message: "this path takes \(allowed.joined(separator: ", "))"),
                request, context.channel)
            response.headers[.allow] = allowed.joined(separator: ", ")
            return response
        case .notFound:
            return refuse(
                .error(404, code: "not-found", message: "there is nothing at this path"),
                request, context.channel)
        case .malformed:
            return refuse(
                .error(400, code: "bad-path", message: "the path isn't percent-encoded text"),
                request, context.channel)
        }
    }

    private func respond(
        to request: Request, _ route: HTTPRoute, _ parameters: [String: String],
        _ channel: any Channel
    ) async throws -> Response {
        guard request.uri.string.utf8.count <= configuration.headBytes else {
            return refuse(
                .error(414, code: "long-target", message: "the request's target is too long"),
                request, channel)
        }
        guard let query = queryItems(request.uri.query ?? "") else {
            return refuse(
                .error(400, code: "bad-query", message: "the query isn't percent-encoded text"),
                request, channel)
        }
        var ingest = IngestRequest(parameters: parameters, query: query)
        let admission = route.isBounded ? gate.admit() : nil
        guard admission != nil || !route.isBounded else {
            counters.countBusy()
            return refuse(reader.busy.reply, request, channel)
        }
        let deadline = RequestDeadline(channel: channel)
        let timer = deadline.start(.seconds(configuration.requestSeconds))
        defer { timer.cancel() }
        if route.method == .post, let admission {
            do {
                ingest.body = try await reader.read(request, admission)
                counters.countBody(ingest.body.count)
            } catch {
                if deadline.isOver { return lateRequest(request, channel) }
                guard let refusal = error as? BodyReader.Refusal else { throw error }
                if refusal.isBusy { counters.countBusy() }
                return refuse(refusal.reply, request, channel)
            }
            if deadline.isOver { return lateRequest(request, channel) }
        }
        let reply = await deadline.reply { [ingest] in
            let reply = await route.handler(ingest)
            // The place is held until the handler is done, which may be after the reply.
            admission?.leave()
            return reply
        }
        if deadline.hasExpired { counters.countTimeout() }
        let isRead = route.method == .post || reader.canBeDrained(request)
        return response(reply, request, channel, closing: !isRead)
    }

    /// The reply to a request that wasn't read in time.
    private func lateRequest(_ request: Request, _ channel: any Channel) -> Response {
        counters.countTimeout()
        return response(
            .error(408, code: "timeout", message: "the request was not read in time"), request,
            channel, closing: true)
    }

    /// A reply to a request that wasn't read to its end.
    private func refuse(
        _ reply: IngestReply, _ request: Request, _ channel: any Channel
    ) -> Response {
        response(reply, request, channel, closing: !reader.canBeDrained(request))
    }

    private func response(
        _ reply: IngestReply, _ request: Request, _ channel: any Channel, closing: Bool = false
    ) -> Response {
        counters.count(reply.status)
        var headers = HTTPFields()
        headers[.contentType] = reply.contentType
        if let seconds = reply.retryAfterSeconds { headers[.retryAfter] = String(seconds) }
        if reply.status == 415 { headers[.acceptEncoding] = "gzip, identity" }
        if closing {
            headers[.connection] = "close"
            channel.eventLoop.scheduleTask(in: .seconds(RequestResponder.lingerSeconds)) {
                channel.close(promise: nil)
            }
        }
        let response = Response(
            status: HTTPResponse.Status(
                code: (100...999).contains(reply.status) ? reply.status : 500),
            headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: reply.body)))
        return request.method == .head ? response.createHeadResponse() : response
    }
}
