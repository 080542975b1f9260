import Storage

/// A regular expression for splitting texts, with the syntax of Oniguruma that tokenizers use.
///
/// Characters and sets (`[^\s\p{L}]`, `\p{Lu}`, `\d`, `.`), alternatives, groups, `(?i:…)`,
/// quantifiers (greedy, lazy and possessive), look-ahead, a look back at one character, anchors.
/// Matching is on Unicode scalars. Everything else is refused by name: scripts, back-references,
/// intersections of sets.
///
/// - Source: <https://github.com/kkos/oniguruma/blob/master/doc/RE>
struct TextPattern: Sendable {
  /// A part of the expression.
  indirect enum Node: Sendable {
    case set(ScalarSet)
    case sequence([Node])
    case choice([Node])
    case loop(Node, Range<Int>, Mode)
    case atomic(Node)
    case lookAhead(Node, isNegative: Bool)
    case lookBehind(ScalarSet, isNegative: Bool)
    case anchor(Anchor)
  }

  enum Mode: Sendable { case greedy, lazy, possessive }

  enum Anchor: Sendable { case textStart, textEnd, lineStart, lineEnd, wordBoundary }

  let program: [Instruction]

  /// Reads an expression.
  ///
  /// - Throws: `LineFault` without a position, naming the part that is not supported.
  init(_ text: String) throws(LineFault) {
    var parser = PatternParser(text)
    var compiler = PatternCompiler()
    try compiler.add(try parser.expression())
    program = compiler.program + [.accept]
  }

  /// An expression that matches a text literally; nil for the empty text.
  init?(literal text: String) {
    guard !text.isEmpty else { return nil }
    program = text.unicodeScalars.map { .set(ScalarSet($0)) } + [.accept]
  }
}

/// Reads the syntax of a pattern.
private struct PatternParser {
  private let scalars: [Unicode.Scalar]
  private var position = 0
  private var ignoresCase = false
  private var depth = 0

  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  mutating func expression() throws(LineFault) -> TextPattern.Node {
    let node = try alternatives()
    guard position == scalars.count else { throw fault("a closing bracket without an opening one") }
    return node
  }

  private func fault(_ reason: String) -> LineFault {
    LineFault(
      reason: "the pattern \"\(String(String.UnicodeScalarView(scalars)))\" has \(reason)",
      expected: "sets, groups, quantifiers and look-ahead of Oniguruma's syntax")
  }

  private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  private mutating func take(_ text: String) -> Bool {
    guard scalars[position...].starts(with: text.unicodeScalars) else { return false }
    position += text.unicodeScalars.count
    return true
  }

  private mutating func alternatives() throws(LineFault) -> TextPattern.Node {
    depth += 1
    defer { depth -= 1 }
    guard depth < 50 else { throw fault("groups nested deeper than 50") }
    var choices: [TextPattern.Node] = []
    repeat { choices.append(try sequence()) } while take("|")
    return choices.count == 1 ? choices[0] : .choice(choices)
  }

  private mutating func sequence() throws(LineFault) -> TextPattern.Node {
    var parts: [TextPattern.Node] = []
    while let scalar = next, scalar != "|", scalar != ")" {
      guard let atom = try atom() else { continue }
      parts.append(try quantified(atom))
    }
    return .sequence(parts)
  }

  /// One part without its quantifier; nil for a switch of options.
  private mutating func atom() throws(LineFault) -> TextPattern.Node? {
    guard let scalar = next else { throw fault("an early end") }
    position += 1
    switch scalar {
    case "(": return try group()
    case "[": return .set(try brackets())
    case ".": return .set(ScalarSet(.notLineFeed))
    case "^": return .anchor(.lineStart)
    case "$": return .anchor(.lineEnd)
    case "\\":
      switch next {
      case "A": position += 1; return .anchor(.textStart)
      case "z": position += 1; return .anchor(.textEnd)
      case "b": position += 1; return .anchor(.wordBoundary)
      default: return .set(try escape())
      }
    case "*", "+", "?": throw fault("a quantifier \(scalar) after nothing")
    default: return .set(ScalarSet(scalar, ignoresCase: ignoresCase))
    }
  }

  private mutating func group() throws(LineFault) -> TextPattern.Node? {
    let outer = ignoresCase
    func closed(_ node: TextPattern.Node) throws(LineFault) -> TextPattern.Node {
      ignoresCase = outer
      guard take(")") else { throw fault("a group that is not closed") }
      return node
    }
    guard take("?") else { return try closed(try alternatives()) }
    if take(":") { return try closed(try alternatives()) }
    if take(">") { return try closed(.atomic(try alternatives())) }
    if take("=") { return try closed(.lookAhead(try alternatives(), isNegative: false)) }
    if take("!") { return try closed(.lookAhead(try alternatives(), isNegative: true)) }
    if take("<=") { return try closed(try lookBehind(isNegative: false)) }
    if take("<!") { return try closed(try lookBehind(isNegative: true)) }
    if take("i:") {
      ignoresCase = true
      return try closed(try alternatives())
    }
    if take("i)") {
      // Holds up to the end of the group around it, whose case is restored there.
      ignoresCase = true
      return nil
    }
    throw fault("a group (?\(next.map { String($0) } ?? "")")
  }

  private mutating func lookBehind(isNegative: Bool) throws(LineFault) -> TextPattern.Node {
    guard case .sequence(let parts) = try alternatives(), parts.count == 1,
      case .set(let set) = parts[0]
    else { throw fault("a look back at more than one character") }
    return .lookBehind(set, isNegative: isNegative)
  }

  private mutating func quantified(_ atom: TextPattern.Node) throws(LineFault) -> TextPattern.Node {
    var atom = atom
    while true {
      let start = position
      guard let bounds = try bounds() else { return atom }
      // In this syntax an interval has no possessive form: {1,3}+ repeats the interval.
      let isInterval = scalars[start] == "{"
      let mode: TextPattern.Mode =
        take("?") ? .lazy : !isInterval && take("+") ? .possessive : .greedy
      atom = .loop(atom, bounds, mode)
    }
  }

  /// The bounds of a quantifier, the upper one exclusive; nil if there is none.
  private mutating func bounds() throws(LineFault) -> Range<Int>? {
    if take("*") { return 0..<Int.max }
    if take("+") { return 1..<Int.max }
    if take("?") { return 0..<2 }
    guard next == "{" else { return nil }
    let start = position
    position += 1
    let low = number()
    var high = low
    if take(",") { high = number() }
    let hasComma = scalars[start..<position].contains(",")
    guard take("}"), low != nil || high != nil else {
      // Without numbers the brace is a character; it is read as such only at the start of a part.
      throw fault("a brace that begins no interval")
    }
    let (least, most) = (low ?? 0, high ?? (hasComma ? Int.max - 1 : low ?? 0))
    guard least <= most, least <= 1000, most <= 1000 || most == Int.max - 1 else {
      throw fault("an interval outside 0 to 1,000")
    }
    return least..<most + 1
  }

  private mutating func number() -> Int? {
    var value: Int?
    while let scalar = next, ("0"..."9").contains(scalar) {
      value = min((value ?? 0) * 10 + Int(scalar.value - 48), 1_000_000)
      position += 1
    }
    return value
  }

  /// The set in brackets, after the opening one.
  private mutating func brackets() throws(LineFault) -> ScalarSet {
    depth += 1
    defer { depth -= 1 }
    guard depth < 50 else { throw fault("sets nested deeper than 50") }
    var set = ScalarSet()
    set.isInverted = take("^")
    set.ignoresCase = ignoresCase
    var isFirst = true
    while let scalar = next, isFirst || scalar != "]" {
      isFirst = false
      if take("[:") { throw fault("a class [:") }
      if take("&&") { throw fault("an intersection &&") }
      if take("[") {
        set.insert(try brackets())
        continue
      }
      guard let low = try member(of: &set) else { continue }
      guard next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
        set.insert(low...low)
        continue
      }
      position += 1
      guard let high = try member(of: &set), low <= high else { throw fault("a range upside down") }
      set.insert(low...high)
    }
    guard take("]") else { throw fault("a set that is not closed") }
    return set
  }

  /// The next character of a set; nil if it was a class, which is then in the set.
  private mutating func member(of set: inout ScalarSet) throws(LineFault) -> Unicode.Scalar? {
    guard let scalar = next else { throw fault("a set that is not closed") }
    position += 1
    guard scalar == "\\" else { return scalar }
    if let plain = try character() { return plain }
    set.insert(try escape())
    return nil
  }

  /// The set that an escape stands for, after the backslash.
  private mutating func escape() throws(LineFault) -> ScalarSet {
    if let plain = try character() { return ScalarSet(plain, ignoresCase: ignoresCase) }
    guard let scalar = next else { throw fault("a backslash at the end") }
    position += 1
    switch scalar {
    case "s": return ScalarSet(.space)
    case "S": return ScalarSet(.space, isInverted: true)
    case "w": return ScalarSet(.word)
    case "W": return ScalarSet(.word, isInverted: true)
    case "d": return ScalarSet(.digit)
    case "D": return ScalarSet(.digit, isInverted: true)
    case "p", "P":
      guard take("{"), let end = scalars[position...].firstIndex(of: "}") else {
        throw fault("a \\\(scalar) without braces")
      }
      let isInverted = take("^") != (scalar == "P")
      let name = String(String.UnicodeScalarView(scalars[min(position, end)..<end]))
      position = end + 1
      guard let kind = ScalarSet.Class(property: name) else {
        throw fault("the property \"\(name)\"")
      }
      return ScalarSet(kind, isInverted: isInverted)
    default: throw fault("the escape \\\(scalar)")
    }
  }

  /// The single character that an escape stands for, after the backslash; nil if it is another.
  private mutating func character() throws(LineFault) -> Unicode.Scalar? {
    guard let scalar = next else { throw fault("a backslash at the end") }
    let plain: [Unicode.Scalar: Unicode.Scalar] = [
      "n": "\n", "r": "\r", "t": "\t", "f": "\u{0C}", "v": "\u{0B}", "a": "\u{07}", "e": "\u{1B}",
    ]
    if let known = plain[scalar] {
      position += 1
      return known
    }
    if scalar == "x" || scalar == "u" {
      position += 1
      let isBraced = take("{")
      let start = position
      while let digit = next, digit.properties.isASCIIHexDigit,
        position - start < (isBraced ? 8 : scalar == "x" ? 2 : 4)
      { position += 1 }
      let digits = String(String.UnicodeScalarView(scalars[start..<position]))
      guard let value = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init),
        !isBraced || take("}")
      else { throw fault("an escape \\\(scalar) that names no character") }
      return value
    }
    let isLetter = scalar.isASCII && (scalar.isLetter || scalar.isNumber)
    guard !isLetter else { return nil }
    position += 1
    return scalar
  }
}
