import Datasets
import Foundation
import Storage
import Torch

extension SeriesSet {
  /// Reads a `.ts` file of the UCR and UEA archives.
  ///
  /// A line is a series: channels separated by colons, numbers by commas, the class last. Names
  /// that end in `.gz`, `.xz` and the like are unpacked by the system's tools.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - valueLimit: the most numbers to store, padding included; one long series among many short
  ///     ones makes all of them long. 2²⁸ numbers take 1 GiB.
  /// - Throws: `FileError` when it cannot be read; `InputError` for the first invalid line: missing
  ///   or invalid numbers, time stamps, a class that the header does not name, channels of
  ///   different lengths or number; and when there would be more than `valueLimit` numbers.
  public init(ts path: String, valueLimit: Int = 1 << 28) throws {
    let reader = LineReader(file: try PackedFile.open(path), policy: .refuse, name: path)
    var skipped = SkippedLines()
    var names: [String]?
    var isData = false
    var rows: [(channels: [[Float]], place: Int)] = []
    try reader.forEachLine(skipped: &skipped) { (bytes, range) throws(LineFault) in
      if !isData {
        isData = try Self.readHead(bytes, range, classNames: &names)
        return
      }
      var end = range.upperBound
      while end > range.lowerBound, [0x0D, 0x20].contains(bytes[end - 1]) { end -= 1 }
      let range = range.lowerBound..<end
      guard !range.isEmpty else { return }
      guard let names else {
        throw LineFault(reason: "series before their classes", expected: "@classLabel true …")
      }
      let row = try Self.series(bytes, range, classNames: names)
      if let first = rows.first, row.channels.count != first.channels.count {
        throw LineFault(
          reason: "\(row.channels.count) channels",
          expected: "\(first.channels.count) as in the first series")
      }
      rows.append(row)
    }
    guard let first = rows.first, let names else {
      throw InputError(file: path, reason: "no series", expected: "lines after @data")
    }
    let length = rows.map { $0.channels[0].count }.max() ?? 0
    let shape = [rows.count, first.channels.count, length]
    guard let count = shape.checkedProduct, count <= valueLimit else {
      throw InputError(
        file: path,
        reason: "\(shape[0]) series of \(shape[1]) channels, padded to the longest one's "
          + "\(length) numbers, are too many",
        expected: "at most \(valueLimit) numbers; raise the limit with the argument valueLimit")
    }
    let values = Tensor.zeros(shape)
    values.withUnsafeMutableElements(of: Float.self) { values in
      for (row, channel) in rows.lazy.flatMap(\.channels).enumerated() {
        _ = UnsafeMutableBufferPointer(
          rebasing: values[(row * length)..<(row * length + channel.count)]
        )
        .update(fromContentsOf: channel)
      }
    }
    self.init(
      values: values,
      lengths: rows.map { $0.channels[0].count }, classes: rows.map(\.place), classNames: names)
  }

  /// Reads a line of the header; true for the last one.
  private static func readHead(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, classNames: inout [String]?
  ) throws(LineFault) -> Bool {
    let line = String(decoding: bytes[range], as: UTF8.self)
    let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
    guard let key = words.first?.lowercased(), !key.hasPrefix("#"), !key.hasPrefix("%") else {
      return false
    }
    guard key.hasPrefix("@") else {
      throw LineFault(
        position: range.lowerBound, reason: "'\(line.prefix(20))' before the series",
        expected: "@data")
    }
    let value = words.dropFirst().first?.lowercased()
    switch key {
    case "@data": return true
    case "@timestamps", "@missing", "@targetlabel":
      guard value == "false" else {
        throw LineFault(reason: "\(key) is \(value ?? "empty")", expected: "false")
      }
    case "@classlabel":
      guard value == "true", words.count > 2 else {
        throw LineFault(reason: "'\(line)'", expected: "@classLabel true and the classes")
      }
      classNames = Array(words[2...])
    default: break
    }
    return false
  }

  private static func series(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, classNames: [String]
  ) throws(LineFault) -> (channels: [[Float]], place: Int) {
    let end = range.upperBound
    guard let colon = bytes[range].lastIndex(of: UInt8(ascii: ":")) else {
      throw LineFault(reason: "no class", expected: "a colon and the class at the end")
    }
    let name = String(decoding: bytes[(colon + 1)..<end], as: UTF8.self)
      .trimmingCharacters(in: .whitespaces)
    guard let place = classNames.firstIndex(of: name) else {
      throw LineFault(
        position: colon + 1, reason: "the class '\(name)'",
        expected: "one of \(classNames.joined(separator: ", "))")
    }
    var channels: [[Float]] = [[]]
    var position = range.lowerBound
    while true {
      while position < colon, bytes[position] == 0x20 { position += 1 }
      switch DecimalScanner.number(in: bytes, from: position, to: colon) {
      case .failure(let misfit):
        throw JSONCursor(bytes, in: misfit.position..<end).unexpected(expected: "a number")
      case .success(let found):
        let value = Float(found.value)
        guard value.isFinite else {
          throw LineFault(position: position, reason: "a number too large for 32 bits")
        }
        channels[channels.count - 1].append(value)
        position = found.end
      }
      if position == colon { break }
      switch bytes[position] {
      case UInt8(ascii: ","): break
      case UInt8(ascii: ":"): channels.append([])
      default:
        throw JSONCursor(bytes, in: position..<end).unexpected(expected: "',' or ':'")
      }
      position += 1
    }
    guard channels.allSatisfy({ $0.count == channels[0].count }) else {
      throw LineFault(
        reason: "channels of \(channels.map(\.count)) numbers", expected: "equal lengths")
    }
    return (channels, place)
  }
}
