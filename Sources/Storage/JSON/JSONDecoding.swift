package import Foundation

/// Decodes strict JSON.
///
/// An error names the file and the key, or the line and the column.
///
/// - Parameters:
///   - firstLine: the line of the file where the JSON begins; nil in a binary file.
///   - expected: describes the file, for the message about one that is not JSON at all.
/// - Throws: `InputError`, never a `DecodingError`.
package func decodeJSON<T: Decodable>(
  _ type: T.Type, from data: Data, file: String, firstLine: Int? = 1,
  expected: String = "JSON written by decant"
) throws -> T {
  try data.withUnsafeBytes { bytes in
    do throws(LineFault) {
      var cursor = JSONCursor(bytes, in: ByteOrderMark.length(in: bytes)..<bytes.count)
      try cursor.skipValue()
      try cursor.finish()
    } catch {
      var error = error.inputError(file: file, in: bytes)
      error.line = firstLine.flatMap { first in error.line.map { $0 + first - 1 } }
      error.reason = "not JSON: \(error.reason)"
      error.expected = expected
      throw error
    }
  }
  do {
    return try JSONDecoder().decode(type, from: data)
  } catch let error as DecodingError {
    switch error {
    case .keyNotFound(let key, let context):
      throw InputError(
        file: file, reason: "the key \((context.codingPath + [key]).dotted) is missing",
        expected: expected)
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      throw InputError(
        file: file, reason: "\(context.place) is of another kind", expected: words(for: type))
    case .dataCorrupted(let context):
      throw InputError(
        file: file, reason: "\(context.place): \(context.debugDescription)", expected: expected)
    @unknown default:
      throw InputError(file: file, reason: "the file cannot be read", expected: expected)
    }
  }
}

/// The JSON form of a value of `type`.
private func words(for type: any Any.Type) -> String {
  switch type {
  case is String.Type: "text in quotation marks"
  case is Bool.Type: "true or false"
  case is any FixedWidthInteger.Type: "a whole number"
  case is any BinaryFloatingPoint.Type: "a number"
  case is [String: Any].Type: "an object: {…}"
  case is [Any].Type: "a list: […]"
  default: "another kind of value"
  }
}

extension [any CodingKey] {
  fileprivate var dotted: String { map(\.stringValue).joined(separator: ".") }
}

extension DecodingError.Context {
  /// Which value it is about.
  fileprivate var place: String { codingPath.isEmpty ? "the whole" : codingPath.dotted }
}
