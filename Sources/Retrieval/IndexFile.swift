import Datasets
import Foundation
import Storage

/// The file format of a `VectorStore`, with a graph, with codes or with neither: written at once, mapped on reading.
///
/// Layout, little-endian; every section starts at a multiple of 64 bytes, with zeros in between:
///
///     byte   0  magic "DecntVec"
///     byte   8  UInt32 version (1; 2 with texts; 3 with codes), UInt32 scalar (0 float32, 1 float16, 2 int8)
///     byte  16  UInt32 metric (0 inner product, 1 cosine), UInt32 dimension
///     byte  24  UInt64 rows, UInt64 removed rows
///     byte  40  Float64 score scale
///     byte  48  Float32 longest vector, largest bias, reach of the graph, zero
///     byte  64  for each section: UInt64 offset, UInt64 length, UInt64 XXH64 of it and its zeros
///     byte 248  UInt64 XXH64 of bytes 0 ..< 248
///     byte 256  rows: a head (Float32 scale, bias, complement, UInt32 1 if removed) and numbers
///               names' offsets: Int64 [rows + 1]
///               names: UTF-8
///               note: a JSON object of strings
///               graph, in the search library's format; empty if there is none; in version 3 codes
///               instead, in the format of Sources/CSearch/Interface/codes.h
///               texts' offsets: Int64 [rows + 1], empty in version 3 if no row has a text; texts:
///               UTF-8 (in versions 2 and 3)
enum IndexFile {
  static let magic = Array("DecntVec".utf8)
  static let headerSize = 256
  private static let sumPlace = 248

  enum Section: Int, CaseIterable {
    case rows, offsets, names, note, extra, textOffsets, texts

    /// The name in a message.
    func name(in version: Int) -> String {
      self == .extra ? (version == IndexFile.versionWithCodes ? "codes" : "graph") : "\(self)"
    }

    /// The sections of a file of a version; a store without texts is written as version 1, which
    /// older programs read.
    static func all(of version: Int) -> ArraySlice<Section> {
      allCases.prefix(version == 1 ? 5 : allCases.count)
    }
  }

  /// The content of a file besides the vectors.
  enum Extra {
    /// A graph, and the vector length for comparisons in it.
    case graph(UnsafeRawBufferPointer, reach: Float)
    case codes(UnsafeRawBufferPointer)
  }

  private static let versionWithCodes = 3

  /// The version of the file of a store.
  private static func version(of store: VectorStore, _ extra: Extra?) -> UInt32 {
    if case .codes = extra { return UInt32(versionWithCodes) }
    return store.hasTexts ? 2 : 1
  }

  /// The contents of a file.
  struct Content {
    var store: VectorStore
    /// The range of the graph, and the vector length for comparisons in it.
    var graph: (range: Range<Int>, reach: Float)?
    /// The range of the codes.
    var codes: Range<Int>?
    var file: MappedFile
  }

  /// Writes a store atomically.
  ///
  /// - Throws: `FileError` when the file cannot be written.
  static func write(_ store: VectorStore, extra: Extra?, to path: String) throws {
    let (offsets, names) = store.ids.packed()
    let (textOffsets, texts) = store.texts?.packed() ?? ([], [])
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let note = [UInt8](try encoder.encode(store.note))
    let (extraBytes, reach) =
      switch extra {
      case .graph(let bytes, let reach): (bytes, reach)
      case .codes(let bytes): (bytes, 0)
      case nil: (UnsafeRawBufferPointer(start: nil, count: 0), Float(0))
      }
    let version = version(of: store, extra)
    try withBytes(of: [offsets, textOffsets]) { offsets in
      try withBytes(of: [names, note, texts]) { bytes in
        try withExtendedLifetime(store) {
          let rows = UnsafeRawBufferPointer(start: store.rows.base, count: store.rows.byteCount)
          let sections = [
            rows, offsets[0], bytes[0], bytes[1], extraBytes, offsets[1], bytes[2],
          ]
          try write(
            Array(sections.prefix(Section.all(of: Int(version)).count)),
            header(of: store, version, reach: reach), to: path)
        }
      }
    }
  }

  /// Calls `body` with the bytes of several arrays.
  private static func withBytes<Element>(
    of arrays: [[Element]], before: [UnsafeRawBufferPointer] = [],
    _ body: ([UnsafeRawBufferPointer]) throws -> Void
  ) throws {
    guard let first = arrays.first else { return try body(before) }
    try first.withUnsafeBytes { bytes in
      try withBytes(of: Array(arrays.dropFirst()), before: before + [bytes], body)
    }
  }

  private static func header(of store: VectorStore, _ version: UInt32, reach: Float) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: headerSize)
    header.withUnsafeMutableBytes { bytes in
      bytes.copyBytes(from: magic)
      let metric = VectorStore.Metric.allCases.firstIndex(of: store.metric) ?? 0
      let words = [
        version, UInt32(store.scalar.code), UInt32(metric), UInt32(store.dimension),
      ]
      for (index, word) in words.enumerated() {
        bytes.storeBytes(of: word, toByteOffset: 8 + 4 * index, as: UInt32.self)
      }
      bytes.storeBytes(of: UInt64(store.rowCount), toByteOffset: 24, as: UInt64.self)
      bytes.storeBytes(of: UInt64(store.removedCount), toByteOffset: 32, as: UInt64.self)
      bytes.storeBytes(of: store.scoreScale, toByteOffset: 40, as: Double.self)
      for (index, number) in [store.largest.norm, store.largest.bias, reach].enumerated() {
        bytes.storeBytes(of: number, toByteOffset: 48 + 4 * index, as: Float.self)
      }
    }
    return header
  }

  private static func write(
    _ sections: [UnsafeRawBufferPointer], _ start: [UInt8], to path: String
  ) throws {
    var header = start
    var offset = headerSize
    for (index, section) in sections.enumerated() {
      let words = [UInt64(offset), UInt64(section.count), sum(ofPadded: section)]
      header.withUnsafeMutableBytes { bytes in
        for (place, word) in words.enumerated() {
          bytes.storeBytes(of: word, toByteOffset: 64 + 24 * index + 8 * place, as: UInt64.self)
        }
      }
      offset += padded(section.count)
    }
    header.withUnsafeMutableBytes { bytes in
      bytes.storeBytes(
        of: XXHash64.hash(UnsafeRawBufferPointer(rebasing: bytes[..<sumPlace])),
        toByteOffset: sumPlace, as: UInt64.self)
    }
    let file = try AtomicFile(path: path)
    try header.withUnsafeBytes(file.write)
    for section in sections {
      try file.write(section)
      try [UInt8](repeating: 0, count: padded(section.count) - section.count)
        .withUnsafeBytes(file.write)
    }
    try file.commit()
  }

  private static func padded(_ count: Int) -> Int { (count + 63) & ~63 }

  /// The checksum of a section with its padding of zeros, which is not in memory.
  private static func sum(ofPadded section: UnsafeRawBufferPointer) -> UInt64 {
    // The hash of the whole part and that of the padded rest, hashed: a section may have any size.
    let whole = section.count & ~63
    var rest = [UInt8](section[whole...])
    rest += [UInt8](repeating: 0, count: padded(section.count) - section.count)
    let parts = [
      XXHash64.hash(UnsafeRawBufferPointer(rebasing: section[..<whole])),
      rest.withUnsafeBytes(XXHash64.hash),
    ]
    return parts.withUnsafeBytes(XXHash64.hash)
  }

  /// Maps a file.
  ///
  /// - Parameter verifying: whether to verify the checksums of vectors, graph and codes, which reads
  ///   all of them and then releases the pages. Everything else is always verified.
  /// - Throws: `FileError` when the file cannot be opened; `InputError` when it is not an index, is
  ///   damaged or truncated.
  static func read(_ path: String, verifying: Bool) throws -> Content {
    let file = try MappedFile(path: path)
    return try file.withBytes { bytes in
      let header = try Header(bytes, file: path)
      for section in header.sections where verifying || ![.rows, .extra, .texts].contains(section) {
        let range = header.ranges[section.rawValue]
        let part = UnsafeRawBufferPointer(rebasing: bytes[range])
        let isZero = bytes[range.upperBound..<headerSize + padded(range.upperBound - headerSize)]
          .allSatisfy { $0 == 0 }
        guard isZero, sum(ofPadded: part) == header.sums[section.rawValue] else {
          throw InputError(
            file: path,
            reason: "the checksum of the \(section.name(in: header.version)) is wrong: "
              + "the file is damaged")
        }
      }
      if verifying { file.releasePages() }
      return try content(header, file, bytes)
    }
  }

  private static func content(
    _ header: Header, _ file: MappedFile, _ bytes: UnsafeRawBufferPointer
  ) throws -> Content {
    func strings(_ offsets: Section, _ bytes: Section) throws -> Identifiers {
      let (offsets, bytes) = (header.ranges[offsets.rawValue], header.ranges[bytes.rawValue])
      return try Identifiers(
        offsets: MappedArray(file, byteOffset: offsets.lowerBound, count: header.rowCount + 1),
        bytes: MappedArray(file, byteOffset: bytes.lowerBound, count: bytes.count), file: file.path)
    }
    let ids = try strings(.offsets, .names)
    let texts = header.hasTexts ? try strings(.textOffsets, .texts) : nil
    let noteBytes = Data(bytes[header.ranges[Section.note.rawValue]])
    guard let note = try? JSONDecoder().decode([String: String].self, from: noteBytes) else {
      throw InputError(file: file.path, reason: "the note is not a JSON object of strings")
    }
    let rows = VectorRows(
      scalar: header.scalar, dimension: header.dimension, count: header.rowCount, file: file,
      offset: header.ranges[Section.rows.rawValue].lowerBound)
    let extra = header.ranges[Section.extra.rawValue]
    let hasCodes = header.version == versionWithCodes
    return Content(
      store: VectorStore(
        rows: rows, ids: ids, texts: texts, metric: header.metric, scoreScale: header.scoreScale,
        note: note,
        largest: header.largest, removedCount: header.removedCount),
      graph: hasCodes || extra.isEmpty ? nil : (extra, header.reach),
      codes: hasCodes ? extra : nil, file: file)
  }

  /// The first 256 bytes, validated.
  private struct Header {
    var scalar: VectorScalar
    var metric: VectorStore.Metric
    var dimension, rowCount, removedCount: Int
    var scoreScale: Double
    var largest: (norm: Float, bias: Float)
    var reach: Float
    let version: Int
    let sections: ArraySlice<Section>
    /// Whether rows may have texts.
    var hasTexts: Bool {
      sections.contains(.texts) && !ranges[Section.textOffsets.rawValue].isEmpty
    }
    var ranges: [Range<Int>]
    var sums: [UInt64]

    init(_ bytes: UnsafeRawBufferPointer, file: String) throws {
      func refuse(_ reason: String, expected: String? = nil) -> InputError {
        InputError(file: file, reason: reason, expected: expected)
      }
      guard bytes.count >= headerSize, bytes.prefix(magic.count).elementsEqual(magic) else {
        throw refuse(
          "this is not an index",
          expected: "\(headerSize) bytes or more of decant index, beginning with DecntVec")
      }
      func word(_ offset: Int) -> Int {
        Int(truncatingIfNeeded: bytes.load(fromByteOffset: offset, as: UInt32.self))
      }
      func long(_ offset: Int) -> UInt64 { bytes.load(fromByteOffset: offset, as: UInt64.self) }
      func real(_ offset: Int) -> Float { bytes.load(fromByteOffset: offset, as: Float.self) }
      version = word(8)
      guard 1...versionWithCodes ~= version else {
        throw refuse(
          "the index has version \(version)",
          expected: "version 1, 2 or 3; write it again with decant index")
      }
      sections = Section.all(of: version)
      guard
        long(sumPlace) == XXHash64.hash(UnsafeRawBufferPointer(rebasing: bytes[..<sumPlace]))
      else { throw refuse("the header's checksum is wrong: the file is damaged") }
      scoreScale = bytes.load(fromByteOffset: 40, as: Double.self)
      largest = (real(48), real(52))
      reach = real(56)
      guard let scalar = VectorScalar(code: Int32(truncatingIfNeeded: word(12))),
        VectorStore.Metric.allCases.indices.contains(word(16)), 1...(1 << 24) ~= word(20),
        let rowCount = Int(exactly: long(24)), rowCount <= Int(Int32.max),
        let removedCount = Int(exactly: long(32)), removedCount <= rowCount,
        scoreScale > 0, scoreScale.isFinite, largest.norm >= 0, largest.bias >= 0, reach >= 0
      else { throw refuse("the header has invalid numbers") }
      self.scalar = scalar
      metric = VectorStore.Metric.allCases[word(16)]
      dimension = word(20)
      self.rowCount = rowCount
      self.removedCount = removedCount
      ranges = []
      sums = []
      var next = headerSize
      for section in sections {
        let place = 64 + 24 * section.rawValue
        guard let offset = Int(exactly: long(place)), let length = Int(exactly: long(place + 8)),
          offset == next, length <= bytes.count - offset, padded(length) <= bytes.count - offset
        else {
          throw refuse(
            "the \(section.name(in: version)) do not fit: the file is truncated",
            expected: "a complete file of decant index; this has \(bytes.count) bytes")
        }
        ranges.append(offset..<offset + length)
        sums.append(long(place + 16))
        next = offset + padded(length)
      }
      let rowBytes = rowCount * VectorRows.stride(scalar, dimension)
      let offsetBytes = 8 * (rowCount + 1)
      guard next == bytes.count, ranges[Section.rows.rawValue].count == rowBytes,
        ranges[Section.offsets.rawValue].count == offsetBytes,
        !sections.contains(.textOffsets) || (version == versionWithCodes && !hasTexts)
          || ranges[Section.textOffsets.rawValue].count == offsetBytes
      else { throw refuse("\(bytes.count) bytes are not those of \(rowCount) rows") }
    }
  }
}

extension VectorStore {
  /// Writes the store atomically.
  ///
  /// - Throws: `FileError` when the file cannot be written.
  public func write(to path: String) throws { try IndexFile.write(self, extra: nil, to: path) }

  /// Maps the vectors of a file; a graph or codes in it are ignored.
  ///
  /// - Parameter verifying: whether to verify the checksum of the vectors, which reads them once.
  /// - Throws: `FileError` when it cannot be opened; `InputError` when it is not an index or is
  ///   damaged.
  public init(path: String, verifying: Bool = true) throws {
    self = try IndexFile.read(path, verifying: verifying).store
  }
}
