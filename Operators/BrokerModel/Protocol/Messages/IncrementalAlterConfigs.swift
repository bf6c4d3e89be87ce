package import Records

/// Changes single values of configurations (KIP-339).
package struct IncrementalAlterConfigsRequest: Message {
    package static let layout = MessageLayout(
        .incrementalAlterConfigs, versions: 0...1, flexible: 1)

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
            package var configOperation: Int8 = 0
            package var value: String?

            package init() {}

            package mutating func describe<V: FieldVisitor>(
                _ field: inout V
            ) throws(CodecError) {
                try field(&name)
                try field(&configOperation)
                try field(&value)
            }
        }
    }
}

/// Which configurations were changed.
package struct IncrementalAlterConfigsResponse: Message {
    package static let layout = MessageLayout(
        .incrementalAlterConfigs, versions: 0...1, flexible: 1)

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
