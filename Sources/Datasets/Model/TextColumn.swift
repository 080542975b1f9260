import Storage

/// Texts by index: strings in memory, string literals of a mapped JSON file that are decoded on
/// access, or texts that are computed on access.
///
/// A column over a file takes 12 bytes per text, whatever the length of the texts. An entry may be
/// missing; it then reads as the empty text.
public struct TextColumn: RandomAccessCollection, Sendable {
  private enum Storage {
    case memory([String])
    case mapped(MappedFile, [Location])
    case made(Int, @Sendable (Int) -> String)
  }

  /// The position of a literal; packed, since there is one per text.
  struct Location: BitwiseCopyable {
    private var startLow: UInt32
    private var startHigh: UInt16
    private var flags: UInt16
    private var length: UInt32

    private static let escapes: UInt16 = 1
    private static let absent: UInt16 = 2
    private static let otherForm: UInt16 = 4

    static let missing = Location(start: 0, length: 0, flags: absent)
    /// The longest literal, in bytes.
    static let lengthLimit = 1 << 30

    init(_ literal: JSONString) {
      self.init(
        start: literal.content.lowerBound, length: literal.content.count,
        flags: (literal.hasEscapes ? Self.escapes : 0)
          | (literal.isNormalized ? 0 : Self.otherForm))
    }

    /// The bytes of a whole record; missing if they are too many.
    init(record range: Range<Int>) {
      let isPossible = range.count <= Self.lengthLimit
      self.init(
        start: isPossible ? range.lowerBound : 0, length: isPossible ? range.count : 0,
        flags: isPossible ? 0 : Self.absent)
    }

    private init(start: Int, length: Int, flags: UInt16) {
      startLow = UInt32(truncatingIfNeeded: start)
      startHigh = UInt16(start >> 32)
      self.flags = flags
      self.length = UInt32(length)
    }

    var isMissing: Bool { flags == Self.absent }
    var literal: JSONString {
      let start = Int(startHigh) << 32 | Int(startLow)
      return JSONString(
        content: start..<start + Int(length), hasEscapes: flags & Self.escapes != 0,
        isNormalized: flags & Self.otherForm == 0)
    }
  }

  private let storage: Storage

  /// Creates a column of `texts` in memory.
  public init(_ texts: [String]) { storage = .memory(texts) }

  /// Creates a column that computes each of `count` texts on every access.
  init(count: Int, _ text: @escaping @Sendable (Int) -> String) { storage = .made(count, text) }

  init(file: MappedFile, locations: [Location]) { storage = .mapped(file, locations) }

  /// Always 0.
  public var startIndex: Int { 0 }

  /// The number of texts, missing ones included.
  public var endIndex: Int {
    switch storage {
    case .memory(let texts): texts.count
    case .mapped(_, let locations): locations.count
    case .made(let count, _): count
    }
  }

  /// The text at `index`, or the empty text if it is missing.
  public subscript(index: Int) -> String {
    switch storage {
    case .memory(let texts): texts[index]
    case .mapped(let file, let locations): file.withBytes(locations[index].literal.decoded)
    case .made(_, let text): text(index)
    }
  }

  /// Whether there is no text at `index`.
  public func isMissing(at index: Int) -> Bool {
    switch storage {
    case .memory(let texts): texts[index].isEmpty
    case .mapped(_, let locations): locations[index].isMissing
    case .made(_, let text): text(index).isEmpty
    }
  }

  /// Calls `body` with the UTF-8 form of the text at `index`, which is valid during the call.
  ///
  /// Cheaper than the subscript if no `String` is needed.
  public func withUTF8<R>(
    at index: Int, _ body: (UnsafeRawBufferPointer) throws -> R
  ) rethrows -> R {
    switch storage {
    case .memory(let texts):
      var text = texts[index]
      return try text.withUTF8 { try body(UnsafeRawBufferPointer($0)) }
    case .mapped(let file, let locations):
      return try file.withBytes { try locations[index].literal.withUTF8(in: $0, body) }
    case .made(_, let make):
      var text = make(index)
      return try text.withUTF8 { try body(UnsafeRawBufferPointer($0)) }
    }
  }
}
