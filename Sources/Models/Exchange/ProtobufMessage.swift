import Storage
import Torch

/// The bytes of a protocol buffers message under construction.
///
/// Tensors are referenced until the message is written, so that a large model takes no extra
/// memory.
///
/// - Source: <https://protobuf.dev/programming-guides/encoding/>: a field is its number and wire
///   type in one integer, then the value; integers have seven bits per byte, lowest first;
///   variable-length values start with their length.
struct ProtobufMessage {
  private enum Piece {
    case bytes([UInt8])
    case elements(Tensor)
  }

  private var pieces: [Piece] = []
  /// The number of bytes so far.
  private(set) var count = 0

  /// Adds an integer; negative ones take ten bytes.
  mutating func add(_ field: Int, _ value: Int) {
    append(Self.integer(UInt64(field << 3)) + Self.integer(UInt64(bitPattern: Int64(value))))
  }

  /// Adds a single-precision number.
  mutating func add(_ field: Int, _ value: Float) {
    append(
      Self.integer(UInt64(field << 3 | 5))
        + withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) })
  }

  /// Adds text.
  mutating func add(_ field: Int, _ text: String) {
    appendHead(field, length: text.utf8.count)
    append(Array(text.utf8))
  }

  /// Adds a nested message.
  mutating func add(_ field: Int, _ message: ProtobufMessage) {
    appendHead(field, length: message.count)
    pieces += message.pieces
    count += message.count
  }

  /// Adds a tensor's elements as bytes, in row-major order.
  mutating func add(_ field: Int, elementsOf tensor: Tensor) {
    let length = tensor.elementCount * tensor.dtype.byteCount
    appendHead(field, length: length)
    pieces.append(.elements(tensor))
    count += length
  }

  /// Writes the message to `path` atomically.
  ///
  /// - Throws: `FileError`.
  func write(to path: String) throws {
    let file = try AtomicFile(path: path)
    for piece in pieces {
      switch piece {
      case .bytes(let bytes): try bytes.withUnsafeBytes { try file.write($0) }
      case .elements(let tensor): try tensor.withUnsafeBytes { try file.write($0) }
      }
    }
    try file.commit()
  }

  private mutating func appendHead(_ field: Int, length: Int) {
    append(Self.integer(UInt64(field << 3 | 2)) + Self.integer(UInt64(length)))
  }

  private mutating func append(_ bytes: [UInt8]) {
    count += bytes.count
    if case .bytes(let before) = pieces.last {
      pieces[pieces.count - 1] = .bytes(before + bytes)
    } else {
      pieces.append(.bytes(bytes))
    }
  }

  private static func integer(_ value: UInt64) -> [UInt8] {
    var (rest, bytes) = (value, [UInt8]())
    repeat {
      bytes.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
      rest >>= 7
    } while rest > 0
    return bytes
  }
}
