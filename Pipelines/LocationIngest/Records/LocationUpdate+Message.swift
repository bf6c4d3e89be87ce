internal import Records

extension LocationUpdate {
    /// The update of a generated message, for readers that work with swift-protobuf.
    package init(_ message: Millrace_Location_LocationUpdate) {
        self.init(
            userID: message.userID,
            userMode: UserMode(rawValue: Int32(truncatingIfNeeded: message.userMode.rawValue)),
            navigationMode: NavigationMode(
                rawValue: Int32(truncatingIfNeeded: message.navigationMode.rawValue)),
            latitude: message.latitude, longitude: message.longitude,
            observedAt: EventTime(milliseconds: message.observedAtMs),
            heading: message.hasHeadingDegrees ? message.headingDegrees : nil,
            speed: message.hasSpeedMetresPerSecond ? message.speedMetresPerSecond : nil)
    }

    /// The same values as a generated message.
    package var message: Millrace_Location_LocationUpdate {
        var message = Millrace_Location_LocationUpdate()
        message.userID = userID
        message.userMode =
            Millrace_Location_UserMode(rawValue: Int(userMode.rawValue)) ?? .unspecified
        message.navigationMode =
            Millrace_Location_NavigationMode(rawValue: Int(navigationMode.rawValue))
            ?? .unspecified
        message.latitude = latitude
        message.longitude = longitude
        message.observedAtMs = observedAt.milliseconds
        if let heading { message.headingDegrees = heading }
        if let speed { message.speedMetresPerSecond = speed }
        return message
    }
}
