package import Records

/// Asks for the configuration of topics and brokers.
package struct DescribeConfigsRequest: Message {
    package static let layout = MessageLayout(.describeConfigs, versions: 1...4, flexible: 4)

    package var resources: [DescribeConfigsResource] = []
    package var includeSynonyms: Bool = false
    package var includeDocumentation: Bool = false

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&resources)
        try field(&includeSynonyms)
        try field(&includeDocumentation, since: 3)
    }

    /// One element of `resources`.
    package struct DescribeConfigsResource: FieldGroup {
        package var resourceType: Int8 = 0
        package var resourceName: String = ""
        package var configurationKeys: [String]?

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&resourceType)
            try field(&resourceName)
            try field(&configurationKeys)
        }
    }
}

/// The configuration.
package struct DescribeConfigsResponse: Message {
    package static let layout = MessageLayout(.describeConfigs, versions: 1...4, flexible: 4)

    package var throttleTimeMs: Int32 = 0
    package var results: [DescribeConfigsResult] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs)
        try field(&results)
    }

    /// One element of `results`.
    package struct DescribeConfigsResult: FieldGroup {
        package var errorCode: Int16 = 0
        package var errorMessage: String?
        package var resourceType: Int8 = 0
        package var resourceName: String = ""
        package var configs: [DescribeConfigsResourceResult] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&errorCode)
            try field(&errorMessage)
            try field(&resourceType)
            try field(&resourceName)
            try field(&configs)
        }

        /// One element of `configs`.
        package struct DescribeConfigsResourceResult: FieldGroup {
            package var name: String = ""
            package var value: String?
            package var readOnly: Bool = false
            package var configSource: Int8 = -1
            package var isSensitive: Bool = false
            package var synonyms: [DescribeConfigsSynonym] = []
            package var configType: Int8 = 0
            package var documentation: String?

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&name)
                try field(&value)
                try field(&readOnly)
                try field(&configSource)
                try field(&isSensitive)
                try field(&synonyms)
                try field(&configType, since: 3)
                try field(&documentation, since: 3)
            }

            /// One element of `synonyms`.
            package struct DescribeConfigsSynonym: FieldGroup {
                package var name: String = ""
                package var value: String?
                package var source: Int8 = 0

                package init() {}

                package mutating func describe<V: FieldVisitor>(
                    _ field: inout V
                ) throws(CodecError) {
                    try field(&name)
                    try field(&value)
                    try field(&source)
                }
            }
        }
    }
}
