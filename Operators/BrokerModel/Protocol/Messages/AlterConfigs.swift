package import Records

/// Replaces the configuration of topics.
package struct AlterConfigsRequest: Message {
    package static let layout = MessageLayout(.alterConfigs, versions: 0...2, flexible: 2)

    package var resources: [AlterConfigsResource] = []
    package var validateOnly: Bool = false

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&resources)
        try field(&validateOnly)
    }

    /// One element of `resources`.
    package struct AlterConfigsResource: FieldGroup {
        package var resourceType: Int8 = 0
        package var resourceName: String = ""
        package var configs: [AlterableConfig] = []

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&resourceType)
            try field(&resourceName)
            try field(&configs)
        }

        /// One element of `configs`.
        package struct AlterableConfig: FieldGroup {
            package var name: String = ""
            package var value: String?

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&name)
                try field(&value)
            }
        }
    }
}

/// Which configurations were replaced.
package struct AlterConfigsResponse: Message {
    package static let layout = MessageLayout(.alterConfigs, versions: 0...2, flexible: 2)

    package var throttleTimeMs: Int32 = 0
    package var responses: [AlterConfigsResourceResponse] = []

    package init() {}

    package mutating func describe<V: FieldVisitor>(
        _ field: inout V
    ) throws(CodecError) {
        try field(&throttleTimeMs)
        try field(&responses)
    }

    /// One element of `responses`.
    package struct AlterConfigsResourceResponse: FieldGroup {
        package var errorCode: Int16 = 0
        package var errorMessage: String?
        package var resourceType: Int8 = 0
        package var resourceName: String = ""

        package init() {}

        package mutating func describe<V: FieldVisitor>(
            _ field: inout V
        ) throws(CodecError) {
            try field(&errorCode)
            try field(&errorMessage)
            try field(&resourceType)
            try field(&resourceName)
        }
    }
}
