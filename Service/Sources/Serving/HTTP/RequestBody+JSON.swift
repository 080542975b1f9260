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
    let type = headers[.contentType]?.split(separator: ";").first?
      .trimmingCharacters(in: .whitespaces).lowercased()
    guard type == "application/json" else {
      throw Refusal(
        .unsupportedMediaType, "unsupported_media_type",
        "the body's type is \(type.map { "\"\($0.prefix(80))\"" } ?? "not given"); "
          + "expected Content-Type: application/json")
    }
    let tooLarge = Refusal(
      .contentTooLarge, "too_large", "the body is larger than \(size) bytes",
      headers: [.connection: "close"])
    if let length = headers[.contentLength].flatMap({ Int($0) }), length > size { throw tooLarge }
    let buffer: ByteBuffer
    do {
      buffer = try await body.collect(upTo: size)
    } catch is NIOTooManyBytesError {
      throw tooLarge
    } catch {
      // The client disconnected, or sent no valid body.
      throw Refusal(
        .badRequest, "broken_body", "the body ended early or is not valid HTTP",
        headers: [.connection: "close"])
    }
    do {
      return try JSONDecoder().decode(Body.self, from: buffer)
    } catch let error as DecodingError {
      throw Refusal.invalid(error.sentence)
    }
  }
}

extension DecodingError {
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
