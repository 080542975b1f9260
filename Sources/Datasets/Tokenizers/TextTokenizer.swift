/// Turns a text into the token ids of a pretrained encoder.
public protocol TextTokenizer: Sendable {
  /// The number of ids: one more than the largest.
  var vocabularySize: Int { get }
  /// The id that pads a batch's short rows.
  var paddingID: Int32 { get }
  /// The ids without content: those of every text, the padding and the unknown token.
  var silentIDs: Set<Int32> { get }
  /// The number of ids that are added to every text, such as `[CLS]` and `[SEP]`.
  var addedCount: Int { get }

  /// The ids of `text`, at most `maximumLength`, the added ones included.
  ///
  /// - Precondition: `maximumLength` ≥ max(2, `addedCount`).
  func encode(_ text: String, maximumLength: Int) -> [Int32]
}

extension WordPieceTokenizer: TextTokenizer {
  /// `[CLS]`, `[SEP]`, `[PAD]` and `[UNK]`.
  public var silentIDs: Set<Int32> { [classID, separatorID, paddingID, unknownID] }

  /// `[CLS]` and `[SEP]`.
  public var addedCount: Int { 2 }
}
