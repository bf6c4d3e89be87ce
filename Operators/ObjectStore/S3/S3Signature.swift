internal import Crypto
internal import Foundation
internal import Records

/// Signs a request: "AWS Signature Version 4", the `Authorization` header
/// (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
struct S3Signature {
    /// One request, as it goes over the wire.
    struct Request {
        var method: String
        /// The path, every byte outside of `[A-Za-z0-9._~/-]` escaped.
        var path: String
        /// Names and values of the query, not escaped.
        var query: [(name: String, value: String)] = []
        /// Headers that are signed, names in lower case.
        var headers: [(name: String, value: String)]
        var body: [UInt8] = []
    }

    let credentials: S3Credentials
    let region: String
    var service = "s3"

    /// The request's headers, `authorization` among them.
    func headers(
        of request: Request, at time: EventTime
    ) -> [(name: String, value: String)] {
        let stamp = S3Signature.stamp(time)
        let bodyHash = S3Signature.hex(SHA256.hash(data: request.body))
        var headers = request.headers
        headers.append(("x-amz-content-sha256", bodyHash))
        headers.append(("x-amz-date", stamp))
        if let token = credentials.sessionToken {
            headers.append(("x-amz-security-token", token))
        }
        headers.sort { $0.name < $1.name }
        let names = headers.map(\.name).joined(separator: ";")
        let canonical = [
            request.method, request.path, S3Signature.query(request.query),
            headers.map { "\($0.name):\($0.value)\n" }.joined(), names, bodyHash,
        ].joined(separator: "\n")
        let scope = "\(stamp.prefix(8))/\(region)/\(service)/aws4_request"
        let text = [
            "AWS4-HMAC-SHA256", stamp, scope,
            S3Signature.hex(SHA256.hash(data: Array(canonical.utf8))),
        ].joined(separator: "\n")
        var key = SymmetricKey(data: Array("AWS4\(credentials.secretKey)".utf8))
        for part in [String(stamp.prefix(8)), region, service, "aws4_request"] {
            let code = HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key)
            key = SymmetricKey(data: Array(code))
        }
        let signature = HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
        headers.append(
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope), "
                    + "SignedHeaders=\(names), Signature=\(S3Signature.hex(signature))"
            ))
        return headers
    }

    /// A query as it is signed and sent: sorted, each name and value escaped.
    static func query(_ query: [(name: String, value: String)]) -> String {
        query.map { (escaped($0.name), escaped($0.value)) }.sorted { $0 < $1 }
            .map { "\($0)=\($1)" }.joined(separator: "&")
    }

    /// RFC 3986: everything but the unreserved characters is escaped.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "%" + hex([byte]).uppercased()
            }
        }
        return result
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        var result = ""
        for byte in bytes {
            let digits = String(byte, radix: 16)
            result += digits.count == 1 ? "0\(digits)" : digits
        }
        return result
    }

    /// `20261126T024500Z`.
    private static func stamp(_ time: EventTime) -> String {
        let (day, rest) = (time.milliseconds / 1_000).quotientAndRemainder(dividingBy: 86_400)
        let date = CivilDate(daysSince1970: day)
        func padded(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(date.year)\(padded(date.month))\(padded(date.day))"
            + "T\(padded(rest / 3_600))\(padded(rest / 60 % 60))\(padded(rest % 60))Z"
    }
}
