import Foundation
import Storage
import TestSupport
import Testing

@testable import Datasets

@Suite struct FeaturesFileTests {
  private let texts = ["gcc: the C compiler", "gcc-doc: the manual of the C compiler", "ü: the ü"]

  private func saved(in folder: TemporaryFolder) throws -> (TextFeatures, [UInt8]) {
    let features = try TextFeatures(learningFrom: texts)
    try features.write(to: folder.file("features.bin"))
    return (
      features, Array(try Data(contentsOf: URL(fileURLWithPath: folder.file("features.bin"))))
    )
  }

  /// Makes both checksums of `bytes` right again.
  private func sealed(_ bytes: [UInt8]) -> Data {
    var bytes = bytes
    func store(_ sum: UInt64, at offset: Int) {
      withUnsafeBytes(of: sum.littleEndian) { bytes.replaceSubrange(offset..<offset + 8, with: $0) }
    }
    store(bytes[48...].withUnsafeBytes { XXHash64.hash($0) }, at: 32)
    store(bytes[..<40].withUnsafeBytes { XXHash64.hash($0) }, at: 40)
    return Data(bytes)
  }

  @Test func `round-trips byte for byte`() throws {
    let folder = try TemporaryFolder()
    let (features, bytes) = try saved(in: folder)
    let loaded = try TextFeatures(contentsOf: folder.file("features.bin"))
    #expect(loaded.configuration == features.configuration)
    #expect(loaded.vocabulary.hashes == features.vocabulary.hashes)
    #expect(loaded.vocabulary.documentCount == 3)
    #expect(loaded.bags(of: texts) == features.bags(of: texts))
    try loaded.write(to: folder.file("again.bin"))
    #expect(Array(try Data(contentsOf: URL(fileURLWithPath: folder.file("again.bin")))) == bytes)
  }

  @Test func `round-trips an empty vocabulary`() throws {
    let folder = try TemporaryFolder()
    try TextFeatures(learningFrom: [String]()).write(to: folder.file("empty.bin"))
    #expect(try TextFeatures(contentsOf: folder.file("empty.bin")).vocabulary.count == 0)
  }

  @Test func `rejects any changed byte and any truncation`() throws {
    let folder = try TemporaryFolder()
    let (_, bytes) = try saved(in: folder)
    // Every byte of the header, then some of the rest.
    for position in Array(0..<48) + Array(stride(from: 48, to: bytes.count, by: 61)) {
      var damaged = bytes
      damaged[position] ^= 0x40
      let path = try folder.write(Data(damaged), to: "damaged.bin")
      #expect(throws: InputError.self, "byte \(position)") { try TextFeatures(contentsOf: path) }
    }
    for count in Array(0..<64) + Array(stride(from: 64, to: bytes.count, by: 211)) {
      let path = try folder.write(Data(bytes.prefix(count)), to: "short.bin")
      #expect(throws: InputError.self, "\(count) bytes") { try TextFeatures(contentsOf: path) }
    }
    let path = try folder.write(Data(bytes + [0]), to: "long.bin")
    #expect(throws: InputError.self) { try TextFeatures(contentsOf: path) }
    #expect(throws: FileError.self) { try TextFeatures(contentsOf: folder.file("missing")) }
  }

  @Test func `refuses contents that no vocabulary has, right checksums or not`() throws {
    let folder = try TemporaryFolder()
    let (features, bytes) = try saved(in: folder)
    let count = features.vocabulary.count
    let size = bytes.count - 12 * count
    func refused(_ what: Comment, _ change: (inout [UInt8]) -> Void) throws {
      var hostile = bytes
      change(&hostile)
      let path = try folder.write(sealed(hostile), to: "hostile.bin")
      #expect(throws: InputError.self, what) { try TextFeatures(contentsOf: path) }
    }
    _ = try TextFeatures(contentsOf: folder.write(sealed(bytes), to: "same.bin"))
    try refused("a hash of 0") {
      $0.replaceSubrange(size..<size + 8, with: repeatElement(0, count: 8))
    }
    // The last of the features in three texts gets the largest hash of those in two, so that the
    // order still holds.
    let frequencies = features.vocabulary.documentFrequencies
    let place = try #require(frequencies.lastIndex(of: 3))
    let hashes = features.vocabulary.hashes
    try #require(place > 0 && hashes[place - 1] < hashes[count - 1] && frequencies[count - 1] == 2)
    try refused("two equal hashes") {
      let last = size + 8 * (count - 1)
      $0.replaceSubrange(size + 8 * place..<size + 8 * (place + 1), with: $0[last..<last + 8])
    }
    try refused("a frequency of 0") {
      $0.replaceSubrange(($0.count - 4)..., with: repeatElement(0, count: 4))
    }
    try refused("a frequency above the number of documents") {
      $0[size + 8 * count] = 4
    }
    try refused("rising frequencies") { $0[$0.count - 4] = 3 }
    try refused("more features than bytes") { $0[24] &+= 1 }
    try refused("a huge number of features") { $0[31] = 0x7f }
    try refused("a configuration longer than the file") { $0[14] = 1 }
    try refused("a huge configuration") { $0[15] = 0xff }
    try refused("too many documents") { $0[20] = 1 }
    try refused("a configuration that is no JSON") { $0[48] = UInt8(ascii: "x") }
    try refused("a later version") { $0[8] = 2 }
  }

  @Test func `rejects invalid configurations`() throws {
    typealias Family = TextFeatures.Family
    var faulty: [TextFeatures.Configuration] = [
      .init(families: []), .init(maximumWordCount: 0), .init(minimumDocumentCount: 0),
      .init(maximumFeatureCount: 0),
      .init(families: [Family(.words, of: .text), Family(.words, of: .text, weight: 2)]),
    ]
    for weight in [0, -1, .nan, .infinity, 1e-300] {
      faulty.append(.init(families: [Family(.words, of: .text, weight: weight)]))
    }
    for lengths in [0...3, 3...33, -5 ... -1] {
      faulty.append(.init(families: [Family(.characters, of: .title, lengths: lengths)]))
    }
    for configuration in faulty {
      #expect(throws: ValueError.self, "\(configuration)") {
        try TextFeatures(learningFrom: ["a"], configuration: configuration)
      }
    }
  }

  @Test func `a configuration round-trips through JSON`() throws {
    let configuration = TextFeatures.Configuration(maximumFeatureCount: 10)
    let bytes = try JSONEncoder().encode(configuration)
    #expect(
      try JSONDecoder().decode(TextFeatures.Configuration.self, from: bytes) == configuration)
  }
}
