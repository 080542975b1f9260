import Foundation
import Hummingbird
import NIOCore
import NIOFoundationCompat

/// A request body without unknown keys.
protocol StrictBody: Decodable {
  associatedtype Key: CodingKey, CaseIterable, RawRepresentable where Key.RawValue == String
}

extension StrictBody {
  /// The values by key.
  ///
  /// - Throws: `DecodingError` naming an unknown key.
  static func container(_ decoder: any Decoder) throws -> KeyedDecodingContainer<Key> {
    let known = Key.allCases.map(\.rawValue)
    let given = try decoder.container(keyedBy: AnyKey.self).allKeys
    if let stranger = given.first(where: { !known.contains($0.stringValue) }) {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "there is no key \"\(stranger.stringValue.prefix(80))\"; the keys are "
            + known.sorted().joined(separator: ", ")))
    }
    return try decoder.container(keyedBy: Key.self)
  }
}

extension KeyedDecodingContainer {
  /// The value of an optional key; null is not allowed.
  func given<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
    contains(key) ? try decode(type, forKey: key) : nil
  }

  /// The same; null means that nothing is given.
  func wholeNumberOrNull(forKey key: Key) throws -> Int? {
    try contains(key) && !decodeNil(forKey: key) ? wholeNumber(forKey: key) : nil
  }

  /// An integer, also if written as 5.0; `JSONDecoder` reports a fraction as malformed JSON.
  func wholeNumber(forKey key: Key) throws -> Int? {
    guard let number = try given(Double.self, forKey: key) else { return nil }
    guard let whole = Int(exactly: number) else {
      throw DecodingError.typeMismatch(
        Int.self, .init(codingPath: codingPath + [key], debugDescription: "\(number)"))
    }
    return whole
  }
}

private struct AnyKey: CodingKey {
  var stringValue: String
  var intValue: Int?
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension Request {
  /// The decoded body.
  ///
  /// - Throws: `Refusal` naming the key, the value and the expectation.
  func json<Body: Decodable>(_: Body.Type, upTo size: Int) async throws -> Body {
    let buffer = try await bytes("application/json", upTo: size)
    do {
      return try JSONDecoder().decode(Body.self, from: buffer)
    } catch let error as DecodingError {
      throw Refusal.invalid(error.sentence, parameter: error.firstKey)
    }
  }

  /// The values of a form by name.
  ///
  /// - Throws: `Refusal` if it is not one, or has a name twice.
  func form(upTo size: Int) async throws -> [String: String] {
    let buffer = try await bytes("application/x-www-form-urlencoded", upTo: size)
    // The decoder would replace bytes that are not UTF-8.
    guard let text = String(validating: buffer.readableBytesView, as: UTF8.self),
      text.removingPercentEncoding != nil
    else {
      throw Refusal.invalid("the form is not percent-encoded UTF-8")
    }
    do {
      return try URLEncodedFormDecoder().decode([String: String].self, from: text)
    } catch let error as DecodingError {
      throw Refusal.invalid(error.sentence, parameter: error.firstKey)
    } catch let error as URLEncodedFormError {
      throw Refusal.invalid(
        "the form cannot be read at \"\(error.value.prefix(80))\"; expected name=value pairs, "
          + "percent-encoded, each name once")
    }
  }

  /// The body, if it has the type.
  private func bytes(_ wanted: String, upTo size: Int) async throws -> ByteBuffer {
    let type = headers[.contentType]?.split(separator: ";").first?
      .trimmingCharacters(in: .whitespaces).lowercased()
    guard type == wanted else {
      throw Refusal(
        .unsupportedMediaType, "unsupported_media_type",
        "the body's type is \(type.map { "\"\($0.prefix(80))\"" } ?? "not given"); "
          + "expected Content-Type: \(wanted)")
    }
    let tooLarge = Refusal(
      .contentTooLarge, "too_large", "the body is larger than \(size) bytes",
      headers: [.connection: "close"])
    if let length = headers[.contentLength].flatMap({ Int($0) }), length > size { throw tooLarge }
    do {
      return try await body.collect(upTo: size)
    } catch is NIOTooManyBytesError {
      throw tooLarge
    } catch {
      // The client disconnected, or sent no valid body.
      throw Refusal(
        .badRequest, "broken_body", "the body ended early or is not valid HTTP",
        headers: [.connection: "close"])
    }
  }
}

extension DecodingError {
  /// The key at the top of the body that the error is about.
  fileprivate var firstKey: String? {
    switch self {
    case .keyNotFound(let key, let context): (context.codingPath + [key]).first?.stringValue
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      context.codingPath.first?.stringValue
    @unknown default: nil
    }
  }

  /// The location and the problem, for people.
  fileprivate var sentence: String {
    func place(_ context: Context, _ last: (any CodingKey)? = nil) -> String {
      let path = (context.codingPath + (last.map { [$0] } ?? [])).reduce("") { path, key in
        key.intValue.map { "\(path)[\($0)]" }
          ?? (path.isEmpty ? key.stringValue : "\(path).\(key.stringValue)")
      }
      return path.isEmpty ? "the body" : "\"\(path)\""
    }
    func name(_ type: Any.Type) -> String {
      switch type {
      case is String.Type: "a string"
      case is Int.Type: "a whole number"
      case is Double.Type: "a number"
      case is Bool.Type: "true or false"
      default: String(describing: type).hasPrefix("Array") ? "an array" : "an object"
      }
    }
    switch self {
    case .typeMismatch(let type, let context):
      return "\(place(context)) is not \(name(type))"
    case .valueNotFound(let type, let context):
      return "\(place(context)) is null; expected \(name(type))"
    case .keyNotFound(let key, let context): return "\(place(context, key)) is missing"
    case .dataCorrupted(let context):
      // Foundation's message for malformed JSON has no path and is not helpful.
      return context.codingPath.isEmpty && context.debugDescription.contains("valid JSON")
        ? "the body is not JSON" : "\(place(context)): \(context.debugDescription)"
    @unknown default: return "the body cannot be read"
    }
  }
}
