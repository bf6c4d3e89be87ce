/// Finds the route of a request.
struct RouteTable: Sendable {
    /// What a path and a method lead to.
    enum Match {
        case found(HTTPRoute, parameters: [String: String])
        /// The path is known, but not with this method; the methods are those of the header `Allow`.
        case methodNotAllowed(allowed: [String])
        case notFound
        /// A segment isn't percent-encoded text.
        case malformed
    }

    private enum Segment: Sendable {
        case literal(String)
        case parameter(String)
    }

    private var routes: [(segments: [Segment], route: HTTPRoute)] = []

    init(_ routes: [HTTPRoute]) {
        self.routes = routes.map { route in
            (RouteTable.segments(route.path).map(RouteTable.segment), route)
        }
    }

    /// The first route in the order of the table that takes both.
    func match(path: String, method: String) -> Match {
        var segments: [String] = []
        for segment in RouteTable.segments(path) {
            guard let decoded = percentDecoded(segment) else { return .malformed }
            segments.append(decoded)
        }
        var allowed: [String] = []
        for (pattern, route) in routes {
            guard let parameters = RouteTable.parameters(pattern, segments) else { continue }
            let isRead = route.method == .get && method == "HEAD"
            if isRead || route.method.rawValue == method {
                return .found(route, parameters: parameters)
            }
            allowed.append(route.method.rawValue)
            if route.method == .get { allowed.append("HEAD") }
        }
        return allowed.isEmpty ? .notFound : .methodNotAllowed(allowed: allowed)
    }

    private static func segments(_ path: String) -> [Substring] {
        path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { $0 }
    }

    private static func segment(_ text: Substring) -> Segment {
        if text.hasPrefix("{"), text.hasSuffix("}") {
            return .parameter(String(text.dropFirst().dropLast()))
        }
        return .literal(String(text))
    }

    private static func parameters(
        _ pattern: [Segment], _ segments: [String]
    ) -> [String: String]? {
        guard pattern.count == segments.count else { return nil }
        var parameters: [String: String] = [:]
        for (expected, given) in zip(pattern, segments) {
            switch expected {
            case .literal(let text):
                guard text == given else { return nil }
            case .parameter(let name):
                guard !given.isEmpty else { return nil }
                parameters[name] = given
            }
        }
        return parameters
    }
}
