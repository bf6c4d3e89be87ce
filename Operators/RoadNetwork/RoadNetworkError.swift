/// Why a road network could not be read or built.
///
/// The text never quotes the map's content beyond a feature's name.
public enum RoadNetworkError: Error, Hashable, Sendable {
    /// The file could not be opened or mapped; `code` is the system's `errno`.
    case unreadable(path: String, code: Int32)
    /// The file could not be written.
    case unwritable(path: String)
    /// The bytes end inside the blob that starts at `offset`.
    case truncated(offset: Int)
    /// The blob that starts at `offset` is not what the format says.
    case malformed(offset: Int, String)
    /// The file needs a feature of the format that this reader doesn't have.
    case unsupported(String)
    /// The map holds no road that a car may use.
    case noRoads
    /// The map holds more of something than the graph can number.
    case tooLarge(String)
    /// A file was replaced or written anew by somebody else, or doesn't fit the other that goes with it.
    case outdated(String)
}

extension RoadNetworkError: CustomStringConvertible {
    /// One clause, fit to stand after "could not read the map: ".
    public var description: String {
        switch self {
        case .unreadable(let path, let code): "\(path) could not be read (errno \(code))"
        case .unwritable(let path): "\(path) could not be written"
        case .truncated(let offset): "the bytes end inside the blob at byte \(offset)"
        case .malformed(let offset, let what): "malformed blob at byte \(offset): \(what)"
        case .unsupported(let feature): "the file needs \(feature), which is not supported"
        case .noRoads: "no drivable road in the map"
        case .tooLarge(let what): "too large: \(what)"
        case .outdated(let what): what
        }
    }
}
