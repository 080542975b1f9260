/// The tokens of a `tokenizer.json` that are found in a text before it is split into words.
struct AddedTokens: Sendable {
  /// A token with the flags of its entry.
  struct Token: Sendable {
    var id: Int32
    var content: [Unicode.Scalar]
    /// Whether it counts only between characters that are not of words.
    var isWholeWord = false
    /// Whether it takes the white space before it.
    var takesSpaceBefore = false
    /// Whether it takes the white space after it.
    var takesSpaceAfter = false
    /// Whether it is looked for in the normalised text.
    var isNormalized = false
  }

  /// A part of a text: a token, or text.
  struct Part {
    var range: Range<Int>
    var id: Int32?
  }

  /// The tokens by their first character, the longest first.
  private var tokens: [Unicode.Scalar: [Token]] = [:]

  /// - Parameter all: tokens; of equal ones the last counts.
  init(_ all: some Sequence<Token>) {
    for token in all {
      guard let first = token.content.first else { continue }
      tokens[first, default: []].removeAll { $0.content == token.content }
      tokens[first, default: []].append(token)
    }
    for key in tokens.keys { tokens[key]?.sort { $0.content.count > $1.content.count } }
  }

  /// Splits a text into tokens and the texts between them: from left to right, the longest token at
  /// each place.
  func parts(of text: [Unicode.Scalar]) -> [Part] {
    guard !tokens.isEmpty else { return [Part(range: text.indices)] }
    var result: [Part] = []
    var done = 0
    var position = 0
    while position < text.count {
      guard
        let token = tokens[text[position]]?.first(where: {
          text[position...].starts(with: $0.content)
        })
      else {
        position += 1
        continue
      }
      var (start, end) = (position, position + token.content.count)
      position = end
      // Like the reference, a token within a word hides tokens that begin inside it.
      if token.isWholeWord,
        (start > 0 && text[start - 1].isPartOfWord) || (end < text.count && text[end].isPartOfWord)
      {
        continue
      }
      if token.takesSpaceBefore {
        while start > done, text[start - 1].properties.isWhitespace { start -= 1 }
      }
      if token.takesSpaceAfter {
        while end < text.count, text[end].properties.isWhitespace { end += 1 }
      }
      if done < start { result.append(Part(range: done..<start)) }
      // White space that the token before took may overlap with this one.
      result.append(Part(range: start..<max(start, end), id: token.id))
      done = end
    }
    if done < text.count { result.append(Part(range: done..<text.count)) }
    return result
  }
}

extension Unicode.Scalar {
  fileprivate var isPartOfWord: Bool { isWordCharacter || properties.isJoinControl }
}
