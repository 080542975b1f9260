/// The position of a request in a distributed trace.
///
/// - Source: W3C Recommendation, Trace Context, sections 3.2 and 4.
///   <https://www.w3.org/TR/trace-context/>
struct TraceContext: Hashable, Sendable {
  /// The trace, 32 lower-case hexadecimal digits.
  let traceID: String
  /// The caller's step, 16 digits; nil if the trace begins here.
  let parentID: String?
  /// This service's step, 16 digits.
  let spanID: String
  /// Whether the caller records the trace.
  let isSampled: Bool

  /// Continues the trace of a `traceparent`, or begins one if it is missing or malformed.
  init(continuing header: String?) {
    let given = header.flatMap(Self.parsed)
    traceID = given?.trace ?? Self.digits(2)
    parentID = given?.parent
    spanID = Self.digits(1)
    isSampled = given?.isSampled ?? false
  }

  /// The `traceparent` of the response.
  var header: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }

  private static func parsed(_ header: String) -> (trace: String, parent: String, isSampled: Bool)?
  {
    let parts = header.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count >= 4, parts[0].count == 2, parts[1].count == 32, parts[2].count == 16,
      parts[3].count == 2, parts[0] != "ff", parts[0] != "00" || parts.count == 4,
      parts.prefix(4).allSatisfy({ $0.utf8.allSatisfy(isDigit) }),
      parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" }),
      let flags = UInt8(parts[3], radix: 16)
    else { return nil }
    return (String(parts[1]), String(parts[2]), flags & 1 == 1)
  }

  /// Upper-case digits are not allowed.
  private static func isDigit(_ byte: UInt8) -> Bool {
    UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte
  }

  /// Random hexadecimal digits, 16 per word, not all zero.
  private static func digits(_ words: Int) -> String {
    (0..<words).map { _ in
      let word = String(UInt64.random(in: 1...UInt64.max), radix: 16)
      return String(repeating: "0", count: 16 - word.count) + word
    }.joined()
  }
}
