import Datasets
import Foundation
import Storage

/// The checksums that tie the files of a run together.
package struct RunSeal: Codable, Hashable, Sendable {
  /// XXH64 of each file, by its path in the run's folder.
  package var files: [String: String]
  /// XXH64 of the file that contains the seal, computed with this number as zeros.
  var sum = text(0)

  /// The text form of a checksum: 16 hexadecimal digits.
  package static func text(_ sum: UInt64) -> String {
    let digits = String(sum, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// A value in a JSON file, together with the checksums of related files under the additional key
/// `seal`.
///
/// Files of older versions have no seal and are not verified.
package struct Sealed<Value: Codable>: Codable {
  package var value: Value
  package var seal: RunSeal?

  private enum Key: String, CodingKey { case seal }

  package init(from decoder: any Decoder) throws {
    value = try Value(from: decoder)
    seal = try decoder.container(keyedBy: Key.self).decodeIfPresent(RunSeal.self, forKey: .seal)
  }

  package func encode(to encoder: any Encoder) throws {
    try value.encode(to: encoder)
    var container = encoder.container(keyedBy: Key.self)
    try container.encodeIfPresent(seal, forKey: .seal)
  }

  /// Combines a value with the checksums of related files.
  package init(_ value: Value, files: [String: String]) {
    self.value = value
    seal = RunSeal(files: files)
  }

  /// Writes the file atomically.
  ///
  /// - Throws: `FileError`.
  package func write(to path: String) throws {
    let text = String(decoding: try JSONEncoder.readable.encode(self), as: UTF8.self) + "\n"
    let sum = RunSeal.text(XXHash64.hash(text))
    try writeAtomically(
      text.replacing(Self.line(RunSeal.text(0)), with: Self.line(sum)), to: path)
  }

  /// Reads a file and verifies its own checksum.
  ///
  /// - Throws: `InputError` if it is damaged; `FileError`.
  package init(contentsOf path: String) throws {
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
        file: path, reason: "the checksum does not match: the file is damaged or was edited",
        expected: "the file as decant wrote it")
    }
  }

  /// The checksum's text in the file.
  private static func line(_ sum: String) -> String { "\"sum\" : \"\(sum)\"" }

  /// A file without a seal must be an old one: otherwise damage may have hit the key of the seal.
  private static func refuseUnknownKeys(_ data: Data, of value: Value, file: String) throws {
    let known = try decodeJSON(Keys.self, from: JSONEncoder.stable.encode(value), file: file).names
    let found = try decodeJSON(Keys.self, from: data, file: file).names
    if let stray = found.subtracting(known).min() {
      throw InputError(
        file: file,
        reason:
          "the key \"\(stray)\" is unknown: the file is damaged, or newer than this program",
        expected: "the file as decant wrote it")
    }
  }
}

/// The keys of a JSON object.
private struct Keys: Decodable {
  var names: Set<String>

  private struct Name: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  package init(from decoder: any Decoder) throws {
    names = Set(try decoder.container(keyedBy: Name.self).allKeys.map(\.stringValue))
  }
}
