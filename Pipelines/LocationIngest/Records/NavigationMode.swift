/// How the user moves, by what the app navigates for: an open set of codes, so that a record of a
/// newer program passes through an older one unchanged.
///
/// The code is the one of the Protobuf message; the name is the one of the JSON request.
public struct NavigationMode: RawRepresentable, Hashable, Sendable {
    /// The code on the wire; codes that this version doesn't name are kept as they are.
    public var rawValue: Int32

    /// Takes any code.
    @inlinable
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// The request did not say.
    public static let unspecified = NavigationMode(rawValue: 0)
    /// By car: `driving`.
    public static let driving = NavigationMode(rawValue: 1)
    /// On foot: `walking`.
    public static let walking = NavigationMode(rawValue: 2)
    /// By bicycle: `cycling`.
    public static let cycling = NavigationMode(rawValue: 3)
    /// By public transport: `transit`.
    public static let transit = NavigationMode(rawValue: 4)
    /// The request named a mode that this version doesn't know.
    public static let other = NavigationMode(rawValue: 5)

    private static let names = [
        "unspecified", "driving", "walking", "cycling", "transit", "other",
    ]

    /// The mode of a name in a request; ``other`` for a name that isn't known, ``unspecified`` for an
    /// empty one.
    public init(name: String) {
        if name.isEmpty {
            self = .unspecified
        } else {
            self.init(rawValue: NavigationMode.names.firstIndex(of: name).map(Int32.init) ?? 5)
        }
    }

    /// The name in a request; `code-<n>` for a code that isn't known.
    public var name: String {
        guard let index = Int(exactly: rawValue), NavigationMode.names.indices.contains(index)
        else { return "code-\(rawValue)" }
        return NavigationMode.names[index]
    }
}
