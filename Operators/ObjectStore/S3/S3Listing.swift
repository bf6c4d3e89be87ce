internal import Foundation

#if canImport(FoundationXML)
    internal import FoundationXML
#endif

/// What an S3-compatible service says in XML: one page of a list (`ListObjectsV2`), or the code of an error.
final class S3Listing: NSObject, XMLParserDelegate {
    /// The keys of the page.
    private(set) var keys: [String] = []
    /// Asks for the next page; nil on the last.
    private(set) var continuation: String?
    /// The code of an error, `NoSuchBucket` for one.
    private(set) var errorCode: String?
    private var text = ""
    private var depth = 0

    /// Reads a document.
    ///
    /// - Returns: nil when it is not well-formed.
    init?(_ bytes: [UInt8]) {
        super.init()
        let parser = XMLParser(data: Data(bytes))
        parser.shouldResolveExternalEntities = false
        parser.delegate = self
        guard parser.parse() else { return nil }
    }

    func parser(
        _ parser: XMLParser, didStartElement element: String, namespaceURI: String?,
        qualifiedName: String?, attributes: [String: String] = [:]
    ) {
        depth += 1
        text = ""
    }

    func parser(_ parser: XMLParser, foundCharacters characters: String) { text += characters }

    func parser(
        _ parser: XMLParser, didEndElement element: String, namespaceURI: String?,
        qualifiedName: String?
    ) {
        switch (element, depth) {
        case ("Key", 3): keys.append(text)
        case ("NextContinuationToken", 2): continuation = text
        case ("Code", 2): errorCode = text
        default: break
        }
        depth -= 1
        text = ""
    }
}
