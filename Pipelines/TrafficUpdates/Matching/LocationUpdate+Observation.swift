internal import Geo
public import LocationIngest
public import MapMatching

extension LocationUpdate {
    /// What the matcher takes of it.
    public var observation: Observation {
        Observation(
            time: observedAt, coordinate: Coordinate(latitude: latitude, longitude: longitude),
            heading: heading, speed: speed)
    }
}
