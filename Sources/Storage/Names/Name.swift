/// The name of a label or a document.
///
/// A name is not empty, contains no control characters except tabs and line ends, and is in
/// Normalization Form C. Two names are equal exactly when their bytes are, whether in Swift's
/// collections, in files or in a database.
public struct Name: Hashable, Sendable {
  /// The name itself.
  public let text: String

  /// Normalises a text to a name.
  ///
  /// - Throws: `Name.Fault` when it is empty or contains a control character.
  public init(_ text: String) throws(Fault) {
    var text = text.normalizedToNFC
    if let fault = text.withUTF8({ Self.fault(in: UnsafeRawBufferPointer($0)) }) { throw fault }
    self.text = text
  }

  /// Creates a name from a command line or a request.
  ///
  /// - Parameters:
  ///   - source: the origin of the text, such as an option, for the error.
  ///   - kind: the kind of object named, such as "label".
  /// - Throws: `ValueError` when it is empty or contains a control character.
  public init(_ text: String, of kind: String, from source: String) throws {
    do throws(Fault) {
      self = try Name(text)
    } catch {
      throw ValueError(
        source, reason: "the \(kind) \"\(text)\" \(error.reason)", expected: error.expected)
    }
  }

  /// The reason that a text is not a valid name.
  public struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The first byte of the control character; nil for an empty text.
    public var offset: Int?
    /// The problem, as a predicate that follows "the name": "is empty".
    public var reason: String
    /// The expected form.
    public var expected: String

    /// The reason and the expected form.
    public var description: String { "the name \(reason); expected \(expected)" }

    static let empty = Fault(offset: nil, reason: "is empty", expected: "a name")

    static func control(_ scalar: Unicode.Scalar, at offset: Int) -> Fault {
      Fault(
        offset: offset, reason: "contains the control character \(scalar.codePoint)",
        expected: "a name without control characters other than tabs and line ends")
    }
  }

  /// The reason that valid UTF-8 is not a valid name; nil if it is one.
  package static func fault(in utf8: UnsafeRawBufferPointer) -> Fault? {
    guard !utf8.isEmpty else { return .empty }
    var position = 0
    while position < utf8.count {
      let byte = utf8[position]
      // Control characters end at U+009F, which is C2 9F.
      if byte < 0x20 || byte == 0x7F || byte == 0xC2 {
        let scalar = Unicode.Scalar(NormalForm.scalar(in: utf8, at: position).value) ?? "\u{FFFD}"
        if scalar.isRefusedInNames { return .control(scalar, at: position) }
      }
      position += 1
    }
    return nil
  }

  /// Whether the bytes are equal.
  public static func == (left: Name, right: Name) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  /// Hashes the bytes.
  public func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

extension Name: Comparable {
  /// Orders names by bytes, which is also the order of their scalars.
  public static func < (left: Name, right: Name) -> Bool {
    left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
  }
}

extension Name: CustomStringConvertible {
  /// The name itself.
  public var description: String { text }
}

extension Name: Codable {
  /// Reads a string.
  ///
  /// - Throws: `DecodingError` when it is empty or contains a control character.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    do throws(Fault) {
      self = try Name(text)
    } catch {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: error.description)
    }
  }

  /// Writes a string.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
