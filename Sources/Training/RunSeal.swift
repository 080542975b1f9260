import Datasets
import Foundation
import Torch

/// The check sums that tie the files of a run together.
struct RunSeal: Codable, Hashable, Sendable {
  /// XXH64 of each file, by its path in the run's folder.
  var files: [String: String]
  /// XXH64 of the file that holds the seal, with this number written as zeros.
  var sum = text(0)

  /// A check sum as it is noted: 16 hexadecimal digits.
  static func text(_ sum: UInt64) -> String {
    let digits = String(sum, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// A value in a JSON file, with the seal of the files that it belongs to under one more key, `seal`.
///
/// Files of versions before there were seals have none, and are taken as they are.
struct Sealed<Value: Codable>: Codable {
  var value: Value
  var seal: RunSeal?

  private enum Key: String, CodingKey { case seal }

  init(from decoder: any Decoder) throws {
    value = try Value(from: decoder)
    seal = try decoder.container(keyedBy: Key.self).decodeIfPresent(RunSeal.self, forKey: .seal)
  }

  func encode(to encoder: any Encoder) throws {
    try value.encode(to: encoder)
    var container = encoder.container(keyedBy: Key.self)
    try container.encodeIfPresent(seal, forKey: .seal)
  }

  /// Seals a value together with the files whose check sums these are.
  init(_ value: Value, files: [String: String]) {
    self.value = value
    seal = RunSeal(files: files)
  }

  /// Writes the file in one atomic step.
  ///
  /// - Throws: `FileError`.
  func write(to path: String) throws {
    let text = String(decoding: try JSONEncoder.readable.encode(self), as: UTF8.self) + "\n"
    let sum = RunSeal.text(XXHash64.hash(text))
    try writeAtomically(
      text.replacing(Self.line(RunSeal.text(0)), with: Self.line(sum)), to: path)
  }

  /// Reads a file and compares its own check sum.
  ///
  /// - Throws: `InputError` when it is damaged; `FileError`.
  init(contentsOf path: String) throws {
    let data = try MappedFile(path: path).withBytes { Data($0) }
    self = try decodeJSON(Sealed.self, from: data, file: path)
    guard let seal else {
      try Self.refuseUnknownKeys(data, of: value, file: path)
      return
    }
    let text = String(decoding: data, as: UTF8.self)
    let unsealed = text.replacing(Self.line(seal.sum), with: Self.line(RunSeal.text(0)))
    guard RunSeal.text(XXHash64.hash(unsealed)) == seal.sum else {
      throw InputError(
        file: path, reason: "its check sum is wrong: the file is damaged, or was edited",
        expected: "the file as decant has written it")
    }
  }

  /// How the check sum stands in the file.
  private static func line(_ sum: String) -> String { "\"sum\" : \"\(sum)\"" }

  /// Without a seal a file must be an old one: damage may have struck the name of the seal itself.
  private static func refuseUnknownKeys(_ data: Data, of value: Value, file: String) throws {
    let known = try decodeJSON(Keys.self, from: JSONEncoder.stable.encode(value), file: file).names
    let found = try decodeJSON(Keys.self, from: data, file: file).names
    if let stray = found.subtracting(known).min() {
      throw InputError(
        file: file,
        reason:
          "the key \"\(stray)\" is not known: the file is damaged, or newer than this program",
        expected: "the file as decant has written it")
    }
  }
}

/// The names in a JSON object.
private struct Keys: Decodable {
  var names: Set<String>

  private struct Name: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    names = Set(try decoder.container(keyedBy: Name.self).allKeys.map(\.stringValue))
  }
}
