import Storage

/// The files next to an ONNX file that hold some of its weights.
///
/// Reads only the fields on the way to the tensors' `external_data`; the wire format is that of
/// protocol buffers.
///
/// - Source: <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>,
///   <https://protobuf.dev/programming-guides/encoding/>
package struct ONNXFileReferences {
  /// Paths relative to the file's folder, each once, in order.
  package private(set) var locations: [String] = []
  private var seen: Set<String> = []
  private let file: String

  /// - Throws: `FileError`; `InputError` when the file is not a protocol buffer, or names a file
  ///   outside its folder.
  package init(of path: String) throws {
    file = path
    try MappedFile(path: path).withBytes { bytes in
      guard !bytes.isEmpty else { throw fault("the file is empty") }
      try read(bytes, 0..<bytes.count, .model, depth: 0)
    }
  }

  /// The messages on the way to the locations.
  private enum Message {
    case model, graph, node, attribute, tensor, entry

    /// The message in a field with this number; nil for other fields.
    func message(at number: UInt64) -> Message? {
      switch (self, number) {
      case (.model, 7): .graph
      case (.graph, 1): .node
      case (.graph, 5): .tensor
      case (.node, 5): .attribute
      case (.attribute, 5), (.attribute, 10): .tensor
      case (.attribute, 6), (.attribute, 11): .graph
      case (.tensor, 13): .entry
      default: nil
      }
    }
  }

  private func fault(_ reason: String) -> InputError {
    InputError(file: file, reason: reason, expected: "an ONNX model")
  }

  private mutating func read(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ message: Message, depth: Int
  ) throws {
    guard depth < 64 else { throw fault("graphs are nested deeper than 64") }
    var position = range.lowerBound
    var key: String?
    var value: String?
    func number() throws -> UInt64 {
      var result: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 70, by: 7) {
        guard position < range.upperBound else { throw fault("a message ends too early") }
        let byte = bytes[position]
        position += 1
        if shift < 64 { result |= UInt64(byte & 0x7F) << shift }
        if byte < 0x80 { return result }
      }
      throw fault("a number of more than ten bytes at byte \(position)")
    }
    func skip(_ count: UInt64) throws -> Range<Int> {
      guard count <= UInt64(range.upperBound - position) else {
        throw fault("a field at byte \(position) is longer than the rest of its message")
      }
      defer { position += Int(count) }
      return position..<position + Int(count)
    }
    while position < range.upperBound {
      let tag = try number()
      switch tag & 7 {
      case 0: _ = try number()
      case 1: _ = try skip(8)
      case 5: _ = try skip(4)
      case 2:
        let content = try skip(try number())
        if message == .entry {
          let text = String(decoding: bytes[content], as: UTF8.self)
          if tag >> 3 == 1 { key = text } else if tag >> 3 == 2 { value = text }
        } else if let inner = message.message(at: tag >> 3) {
          try read(bytes, content, inner, depth: depth + 1)
        }
      default: throw fault("a field of kind \(tag & 7) at byte \(position)")
      }
    }
    if message == .entry, key == "location", let value { try add(value) }
  }

  private mutating func add(_ location: String) throws {
    let parts = location.split(separator: "/", omittingEmptySubsequences: false)
    guard !location.isEmpty, !parts.contains(".."), !parts.contains(""),
      !location.utf8.contains(0)
    else {
      throw InputError(
        file: file, reason: "weights are in the file \"\(location)\"",
        expected: "the name of a file in the model's folder")
    }
    if seen.insert(location).inserted { locations.append(location) }
  }
}
