import Storage

/// A small part of a `tokenizer.json`, with positions for errors.
///
/// Texts stay as they are written: pieces and replacements need not be in Normalization Form C.
struct TokenizerValue {
  enum Content {
    case object([String: TokenizerValue])
    case array([TokenizerValue])
    case string(String)
    case number(Double)
    case boolean(Bool)
    case null
  }

  var content: Content
  var position: Int

  /// Reads a value of any kind.
  init(_ cursor: inout JSONCursor, depth: Int = 0) throws(LineFault) {
    var probe = cursor
    try probe.skipValue(depth: depth)
    let bytes = cursor.bytes
    let start = (cursor.position..<probe.position).first { bytes[$0] > 0x20 } ?? cursor.position
    position = start
    switch bytes[start] {
    case UInt8(ascii: "{"):
      var members: [String: TokenizerValue] = [:]
      try cursor.object { (cursor, key) throws(LineFault) in
        members[key.written(in: bytes)] = try TokenizerValue(&cursor, depth: depth + 1)
      }
      content = .object(members)
    case UInt8(ascii: "["):
      var elements: [TokenizerValue] = []
      try cursor.array { (cursor) throws(LineFault) in
        elements.append(try TokenizerValue(&cursor, depth: depth + 1))
      }
      content = .array(elements)
    case UInt8(ascii: "\""): content = .string(try cursor.string().written(in: bytes))
    case UInt8(ascii: "t"), UInt8(ascii: "f"):
      content = .boolean(bytes[start] == UInt8(ascii: "t"))
      cursor = probe
    case UInt8(ascii: "n"):
      content = .null
      cursor = probe
    default: content = .number(try cursor.number())
    }
  }

  var isNull: Bool { if case .null = content { true } else { false } }

  /// The member of an object; nil if it is null or missing, or if this is not an object.
  subscript(name: String) -> TokenizerValue? {
    guard case .object(let members) = content, let member = members[name], !member.isNull else {
      return nil
    }
    return member
  }

  func fault(_ reason: String, expected: String) -> LineFault {
    LineFault(position: position, reason: reason, expected: expected)
  }

  /// The member that an object must have.
  func member(_ name: String) throws(LineFault) -> TokenizerValue {
    guard let member = self[name] else {
      throw fault("there is no \"\(name)\"", expected: "an object with \"\(name)\"")
    }
    return member
  }

  func string() throws(LineFault) -> String {
    guard case .string(let text) = content else { throw fault("not a text", expected: "a text") }
    return text
  }

  func array() throws(LineFault) -> [TokenizerValue] {
    guard case .array(let elements) = content else { throw fault("not a list", expected: "a list") }
    return elements
  }

  func boolean() throws(LineFault) -> Bool {
    guard case .boolean(let value) = content else {
      throw fault("not a truth value", expected: "true or false")
    }
    return value
  }

  /// A whole number of at least 0 that fits 32 bits.
  func integer() throws(LineFault) -> Int32 {
    guard case .number(let number) = content, let value = Int32(exactly: number), value >= 0 else {
      throw fault("not an id", expected: "a whole number of at least 0")
    }
    return value
  }

  /// A text of one character.
  func scalar() throws(LineFault) -> Unicode.Scalar {
    let scalars = try string().unicodeScalars
    guard let scalar = scalars.first, scalars.count == 1 else {
      throw fault("\"\(try string())\" is not one character", expected: "one character")
    }
    return scalar
  }

  /// The truth value of a member, or `standard` if it is missing.
  func flag(_ name: String, or standard: Bool) throws(LineFault) -> Bool {
    try self[name]?.boolean() ?? standard
  }

  /// The pattern of a member: `{"String": …}` or `{"Regex": …}`; nil for an empty text.
  func pattern(_ name: String) throws(LineFault) -> TextPattern? {
    let value = try member(name)
    if let text = value["String"] { return TextPattern(literal: try text.string()) }
    let text = try value.member("Regex").string()
    do {
      return try TextPattern(text)
    } catch {
      throw value.fault(error.reason, expected: error.expected ?? "")
    }
  }
}
