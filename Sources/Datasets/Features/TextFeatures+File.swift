import Foundation
public import Storage

extension TextFeatures {
  private static let magic = Array("DecntFea".utf8)
  private static let version: UInt32 = 1
  private static let headerSize = 48
  /// A configuration is smaller than a kilobyte; a hostile file must not have more parsed.
  private static let configurationLimit = 1 << 16

  /// Writes configuration and vocabulary to `path` atomically.
  ///
  /// Layout, little-endian:
  ///
  ///     byte  0  magic "DecntFea"
  ///     byte  8  UInt32 version (1), UInt32 bytes of the configuration
  ///     byte 16  UInt64 training documents, UInt64 features
  ///     byte 32  UInt64 XXH64 of everything from byte 48 on
  ///     byte 40  UInt64 XXH64 of bytes 0 ..< 40
  ///     byte 48  the configuration as JSON, padded with spaces to a multiple of 8 bytes
  ///              UInt64 hashes [features], UInt32 document frequencies [features]
  ///
  /// - Throws: `FileError` when the file cannot be written.
  public func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    var content = try encoder.encode(configuration)
    content.append(contentsOf: Array(repeating: UInt8(ascii: " "), count: -content.count & 7))
    let configurationSize = content.count
    vocabulary.hashes.withUnsafeBufferPointer {
      content.append(contentsOf: UnsafeRawBufferPointer($0))
    }
    vocabulary.documentFrequencies.withUnsafeBufferPointer {
      content.append(contentsOf: UnsafeRawBufferPointer($0))
    }

    var header = Data(Self.magic)
    func append(_ number: some FixedWidthInteger) {
      withUnsafeBytes(of: number.littleEndian) { header.append(contentsOf: $0) }
    }
    append(Self.version)
    append(UInt32(configurationSize))
    append(UInt64(vocabulary.documentCount))
    append(UInt64(vocabulary.count))
    append(content.withUnsafeBytes { XXHash64.hash($0) })
    append(header.withUnsafeBytes { XXHash64.hash($0) })

    let file = try AtomicFile(path: path)
    try header.withUnsafeBytes { try file.write($0) }
    try content.withUnsafeBytes { try file.write($0) }
    try file.commit()
  }

  /// Maps the output of `write(to:)` in `path`; the lookup table is built in memory.
  ///
  /// - Throws: `FileError` when the file cannot be opened; `InputError` when it is of another kind
  ///   or version, damaged, truncated, or not a valid vocabulary.
  public init(contentsOf path: String) throws { try self.init(file: MappedFile(path: path)) }

  /// Reads the vocabulary from an open file and keeps the file.
  ///
  /// - Throws: `InputError` as for `init(contentsOf:)`.
  public init(file: MappedFile) throws {
    let path = file.path
    let bytes = file.bytes
    guard bytes.count >= Self.headerSize, bytes.prefix(8).elementsEqual(Self.magic) else {
      throw InputError(
        file: path, reason: "this is not a vocabulary of features",
        expected: "\(Self.headerSize) bytes or more, beginning with DecntFea")
    }
    func word(_ offset: Int) -> UInt64 {
      UInt64(littleEndian: bytes.load(fromByteOffset: offset, as: UInt64.self))
    }
    let found = UInt32(truncatingIfNeeded: word(8))
    guard found == Self.version else {
      throw InputError(
        file: path, reason: "the vocabulary has version \(found)", expected: "\(Self.version)")
    }
    guard word(40) == XXHash64.hash(UnsafeRawBufferPointer(rebasing: bytes[..<40])) else {
      throw InputError(file: path, reason: "the header's checksum is wrong: the file is damaged")
    }
    let configurationSize = Int(word(8) >> 32)
    guard let documents = UInt32(exactly: word(16)), let features = Int(exactly: word(24)),
      features <= FeatureVocabulary.limit, configurationSize <= Self.configurationLimit,
      configurationSize % 8 == 0,
      bytes.count == Self.headerSize + configurationSize + 12 * features
    else {
      throw InputError(
        file: path,
        reason: """
          \(word(24)) features of \(word(16)) documents and \(configurationSize) bytes of \
          configuration in a file of \(bytes.count) bytes
          """,
        expected: "counts that fit the size of the file")
    }
    guard word(32) == XXHash64.hash(UnsafeRawBufferPointer(rebasing: bytes[Self.headerSize...]))
    else { throw InputError(file: path, reason: "the checksum is wrong: the file is damaged") }

    let start = Self.headerSize + configurationSize
    let configuration = try Self.configuration(Data(bytes[Self.headerSize..<start]), file: path)
    self.init(
      configuration: configuration,
      vocabulary: try attributingErrors(to: path) {
        try FeatureVocabulary(
          hashes: MappedArray(file, byteOffset: start, count: features),
          documentFrequencies: MappedArray(
            file, byteOffset: start + 8 * features, count: features),
          documentCount: Int(documents))
      })
  }

  private static func configuration(_ json: Data, file: String) throws -> Configuration {
    let configuration = try decodeJSON(
      Configuration.self, from: json, file: file, firstLine: nil)
    return try attributingErrors(to: file) { try configuration.validated() }
  }
}
