package import Records

/// Asks for the brokers of the cluster (KIP-700).
package struct DescribeClusterRequest: Message {
    package static let layout = MessageLayout(.describeCluster, versions: 0...2, flexible: 0)

    package var includeClusterAuthorizedOperations: Bool = false
    package var endpointType: Int8 = 1
    package var includeFencedBrokers: Bool = false

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&includeClusterAuthorizedOperations)
        try field(&endpointType, since: 1)
        try field(&includeFencedBrokers, since: 2)
    }
}

/// The brokers of the cluster.
package struct DescribeClusterResponse: Message {
    package static let layout = MessageLayout(.describeCluster, versions: 0...2, flexible: 0)

    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var errorMessage: String?
    package var endpointType: Int8 = 1
    package var clusterID: String = ""
    package var controllerID: Int32 = -1
    package var brokers: [DescribeClusterBroker] = []
    package var clusterAuthorizedOperations: Int32 = .min

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs)
        try field(&errorCode)
        try field(&errorMessage)
        try field(&endpointType, since: 1)
        try field(&clusterID)
        try field(&controllerID)
        try field(&brokers)
        try field(&clusterAuthorizedOperations)
    }

    /// One element of `brokers`.
    package struct DescribeClusterBroker: FieldGroup {
        package var brokerID: Int32 = 0
        package var host: String = ""
        package var port: Int32 = 0
        package var rack: String?
        package var isFenced: Bool = false

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&brokerID)
            try field(&host)
            try field(&port)
            try field(&rack)
            try field(&isFenced, since: 2)
        }
    }
}
