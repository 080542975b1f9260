package import Foundation

/// Decodes JSON; a fault is named with the file, the key and what belongs there.
///
/// - Parameter expected: what the file should be, for one that is not JSON at all.
/// - Throws: `InputError`, never a `DecodingError`.
package func decodeJSON<T: Decodable>(
  _ type: T.Type, from data: Data, file: String, expected: String = "JSON written by decant"
) throws -> T {
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
      let cause = (context.underlyingError as NSError?)?.userInfo[NSDebugDescriptionErrorKey]
      let reason =
        context.codingPath.isEmpty
        ? "not JSON: \(cause ?? context.debugDescription)"
        : "\(context.place): \(context.debugDescription)"
      throw InputError(file: file, reason: reason, expected: expected)
    @unknown default:
      throw InputError(file: file, reason: "it cannot be read", expected: expected)
    }
  }
}

/// What a value of `type` looks like in JSON.
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
