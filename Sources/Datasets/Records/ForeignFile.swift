import Storage

/// The apparent format of a file that should have one JSON object per line.
package struct ForeignFile {
  /// The format's name, such as "CSV".
  package let name: String
  /// A way to convert it to lines of JSON; nil if there is no short way.
  package let remedy: String?
  /// Whether its lines are parts of something larger, even those that look valid.
  package var isWhole: Bool { name == Self.array }

  private static let array = "a JSON array"

  /// Recognises a compressed, binary or UTF-16 file by its first bytes; none of its lines is text.
  package init?(binary bytes: UnsafeRawBufferPointer) {
    let known = Self.signatures.first { signature in
      bytes.count >= signature.bytes.count
        && zip(bytes, signature.bytes).allSatisfy { $0 == $1 }
    }
    if let known {
      (name, remedy) = (known.name, known.remedy)
    } else if bytes.count >= 4, bytes[1] == 0, bytes[3] == 0, bytes[0] != 0, bytes[2] != 0 {
      (name, remedy) = Self.utf16("LE")
    } else if bytes.count >= 4, bytes[0] == 0, bytes[2] == 0, bytes[1] != 0, bytes[3] != 0 {
      (name, remedy) = Self.utf16("BE")
    } else {
      return nil
    }
  }

  /// The error for a file of this format.
  ///
  /// - Parameters:
  ///   - file: its name.
  ///   - wanted: the formats that are read.
  func error(file: String, line: Int? = 1, wanted: String) -> InputError {
    InputError(
      file: file, line: line, column: line == nil ? nil : 1,
      reason: "the file looks like \(name)",
      expected: wanted + (remedy.map { " (\($0))" } ?? ""))
  }

  /// Recognises other text by its first non-blank line; nil if that begins like a line of JSON
  /// objects.
  package init?(text bytes: UnsafeRawBufferPointer) {
    let start = bytes.indices.dropFirst(ByteOrderMark.length(in: bytes)).first {
      !Self.isBlank(bytes[$0])
    }
    guard let start else { return nil }
    let end = min(LineReader.lineEnd(in: bytes, from: start), start + 4096)
    // Text does not contain these bytes.
    guard bytes[start..<end].allSatisfy({ $0 >= 0x20 || Self.isBlank($0) }) else { return nil }
    let line = String(decoding: bytes[start..<end], as: UTF8.self)
    switch bytes[start] {
    case UInt8(ascii: "{"):
      guard bytes[(start + 1)..<end].allSatisfy(Self.isBlank) else { return nil }
      (name, remedy) = ("a JSON object over several lines", "jq -c . FILE writes it on one")
    case UInt8(ascii: "["):
      (name, remedy) = (Self.array, "jq -c '.[]' FILE writes one element per line")
    case UInt8(ascii: "<"):
      (name, remedy) = ("XML or HTML", nil)
    default:
      if line.hasPrefix("__label__") {
        (name, remedy) = ("a fastText file", nil)
      } else if line.contains("\t") {
        let isAnnif = line.split(separator: "\t").last?.hasPrefix("<http") == true
        (name, remedy) = (isAnnif ? "an Annif corpus (TSV)" : "TSV", nil)
      } else if Self.isSVMLight(line) {
        (name, remedy) = (
          "svmlight", "decant data import --format svmlight reads a folder of such files"
        )
      } else if line.contains(",") || line.contains(";") {
        (name, remedy) = ("CSV", nil)
      } else {
        (name, remedy) = ("plain text", nil)
      }
    }
  }

  private static let signatures: [(bytes: [UInt8], name: String, remedy: String?)] = {
    func named(_ text: String) -> [UInt8] { Array(text.utf8) }
    return [
      ([0x1F, 0x8B], "gzip", "gzip -dc FILE unpacks it"),
      ([0xFD] + named("7zXZ"), "xz", "xz -dc FILE unpacks it"),
      ([0x28, 0xB5, 0x2F, 0xFD], "Zstandard", "zstd -dc FILE unpacks it"),
      (named("BZh"), "bzip2", "bzip2 -dc FILE unpacks it"),
      (
        named("PK\u{3}\u{4}"), "a ZIP archive (as XLSX, DOCX and ODS are)",
        "a spreadsheet program saves a sheet as CSV"
      ),
      (
        named("PAR1"), "Parquet",
        "python3 -c \"import pandas; pandas.read_parquet('FILE').to_json('FILE.jsonl', "
          + "orient='records', lines=True)\" converts it"
      ), (named("ARROW1"), "an Arrow file", nil),
      ([0x89] + named("HDF"), "HDF5", nil), (named("SQLite format 3"), "an SQLite database", nil),
      ([0x80, 0x03], "a Python pickle", nil), ([0x80, 0x04], "a Python pickle", nil),
      ([0x80, 0x05], "a Python pickle", nil), (named("%PDF"), "PDF", nil),
      ([0xFF, 0xFE], "UTF-16", utf16("LE").remedy), ([0xFE, 0xFF], "UTF-16", utf16("BE").remedy),
    ]
  }()

  private static func utf16(_ order: String) -> (name: String, remedy: String?) {
    ("UTF-16", "iconv -f UTF-16\(order) -t UTF-8 FILE converts it")
  }

  /// `N D L`, or `label,label feature:value …`.
  static func isSVMLight(_ line: String) -> Bool {
    let words = line.split(whereSeparator: \.isWhitespace).prefix(4)
    if words.count == 3, words.allSatisfy({ Int($0) != nil }) { return true }
    return words.count > 1
      && words.dropFirst().allSatisfy { word in
        let parts = word.split(separator: ":")
        return parts.count == 2 && Int(parts[0]) != nil && Double(parts[1]) != nil
      }
  }

  static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
  }
}
