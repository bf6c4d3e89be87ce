/// What the user is doing with the app: an open set of codes, so that a record of a newer program
/// passes through an older one unchanged.
///
/// The code is the one of the Protobuf message; the name is the one of the JSON request.
public struct UserMode: RawRepresentable, Hashable, Sendable {
    /// The code on the wire; codes that this version doesn't name are kept as they are.
    public var rawValue: Int32

    /// Takes any code.
    @inlinable
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// The request did not say.
    public static let unspecified = UserMode(rawValue: 0)
    /// The app is in use: `active`.
    public static let active = UserMode(rawValue: 1)
    /// The app runs in the background: `inactive`.
    public static let inactive = UserMode(rawValue: 2)
    /// The request named a mode that this version doesn't know.
    public static let other = UserMode(rawValue: 3)

    private static let names = ["unspecified", "active", "inactive", "other"]

    /// The mode of a name in a request; ``other`` for a name that isn't known, ``unspecified`` for an
    /// empty one.
    public init(name: String) {
        if name.isEmpty {
            self = .unspecified
        } else {
            self.init(rawValue: UserMode.names.firstIndex(of: name).map(Int32.init) ?? 3)
        }
    }

    /// The name in a request; `code-<n>` for a code that isn't known.
    public var name: String {
        guard let index = Int(exactly: rawValue), UserMode.names.indices.contains(index) else {
            return "code-\(rawValue)"
        }
        return UserMode.names[index]
    }
}
