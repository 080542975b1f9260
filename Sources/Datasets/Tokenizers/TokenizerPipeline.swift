/// The tokenizer that a `tokenizer.json` describes: added tokens, normalisation, words, pieces, and
/// the tokens around every text.
///
/// - Source: the package `tokenizers` 0.22, <https://github.com/huggingface/tokenizers>, whose ids
///   it reproduces.
/// - Departures: random parts, such as dropout of merges, are refused. The number of tokens is an
///   argument of the call, as in `transformers`; the side of the truncation is the file's.
public struct TokenizerPipeline: TextTokenizer {
  /// One more than the largest id.
  public let vocabularySize: Int
  /// The id that the file pads with; 0 if it names none.
  public var paddingID: Int32
  /// Whether the file says how texts are padded.
  let namesPadding: Bool
  /// Whether texts that are too long lose their start.
  var truncatesStart: Bool
  /// The number of tokens that the file limits texts to.
  let maximumLength: Int?

  var normalizer: TextNormalizer?
  let preTokenizer: PreTokenizer?
  let model: any SubwordModel
  let prefix: [Int32]
  let suffix: [Int32]
  private let plainTokens: AddedTokens
  private let normalizedTokens: AddedTokens
  private let added: [AddedTokens.Token]

  init(
    model: any SubwordModel, added: [AddedTokens.Token], normalizer: TextNormalizer?,
    preTokenizer: PreTokenizer?, prefix: [Int32], suffix: [Int32], paddingID: Int32?,
    truncatesStart: Bool, maximumLength: Int?
  ) {
    self.model = model
    self.added = added
    self.normalizer = normalizer
    self.preTokenizer = preTokenizer
    self.prefix = prefix
    self.suffix = suffix
    self.truncatesStart = truncatesStart
    self.maximumLength = maximumLength
    plainTokens = AddedTokens(added.filter { !$0.isNormalized })
    normalizedTokens = AddedTokens(
      added.filter(\.isNormalized).map { token in
        var token = token
        var losesStart = false
        token.content =
          normalizer?.applied(to: token.content, losesStart: &losesStart) ?? token.content
        return token
      })
    vocabularySize = max(model.vocabularySize, Int(added.map(\.id).max() ?? -1) + 1)
    self.paddingID = paddingID ?? 0
    namesPadding = paddingID != nil
  }

  /// The tokens around every text, the padding and the unknown token.
  public var silentIDs: Set<Int32> {
    Set(prefix + suffix + [paddingID] + (model.unknownID.map { [$0] } ?? []))
  }

  /// The number of tokens around every text.
  public var addedCount: Int { prefix.count + suffix.count }

  /// Converts texts to lower case before anything else, unless the file does so.
  mutating func addLowercasing() {
    if normalizer?.lowercases == true { return }
    normalizer = .sequence([.lowercase] + (normalizer.map { [$0] } ?? []))
  }

  /// The id of a token or piece, or nil.
  func id(of text: String) -> Int32? {
    let scalars = Array(text.unicodeScalars)
    return added.last { $0.content == scalars }?.id ?? model.id(of: Array(text.utf8))
  }

  /// The ids of a text.
  ///
  /// - Complexity: O(n log n) in the text, for pieces of bounded length.
  public func encode(_ text: String, maximumLength: Int) -> [Int32] {
    let limit = max(0, maximumLength - addedCount)
    var ids: [Int32] = []
    // Whatever comes after the limit is only of interest when the end of the text is kept.
    let isDone = { [truncatesStart] (count: Int) in !truncatesStart && count >= limit }
    let scalars = Array(text.unicodeScalars)
    for part in plainTokens.parts(of: scalars) {
      if isDone(ids.count) { break }
      if let id = part.id {
        ids.append(id)
        continue
      }
      append(Array(scalars[part.range]), isFirst: part.range.lowerBound == 0, to: &ids, isDone)
    }
    if ids.count > limit {
      if truncatesStart {
        ids.removeFirst(ids.count - limit)
      } else {
        ids.removeLast(ids.count - limit)
      }
    }
    return prefix + ids + suffix
  }

  /// Adds the ids of a text between added tokens.
  private func append(
    _ text: [Unicode.Scalar], isFirst: Bool, to ids: inout [Int32], _ isDone: (Int) -> Bool
  ) {
    var losesStart = false
    let text = normalizer?.applied(to: text, losesStart: &losesStart) ?? text
    var bytes: [UInt8] = []
    for part in normalizedTokens.parts(of: text) where !part.range.isEmpty || part.id != nil {
      if isDone(ids.count) { return }
      if let id = part.id {
        ids.append(id)
        continue
      }
      let whole = PreTokenizer.Word(
        text: text[part.range],
        isFirst: isFirst && !losesStart && part.range.lowerBound == 0)
      for word in preTokenizer?.applied(to: [whole]) ?? [whole] {
        if isDone(ids.count) { return }
        bytes.removeAll(keepingCapacity: true)
        for scalar in word.text {
          if scalar.isASCII {
            bytes.append(UInt8(scalar.value))
          } else {
            bytes += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
          }
        }
        bytes.withUnsafeBufferPointer { model.split($0, into: &ids) }
      }
    }
  }
}
