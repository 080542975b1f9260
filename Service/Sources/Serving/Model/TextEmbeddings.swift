/// The embeddings of some texts.
public struct TextEmbeddings: Sendable {
  /// The numbers, `[texts, D]`.
  public private(set) var values: [Float]
  /// The length of an embedding, D.
  public private(set) var dimension: Int
  /// Whether the model recognises anything in each text.
  public let isKnown: [Bool]
  /// Whether each text was truncated.
  public let isCut: [Bool]

  init(values: [Float], dimension: Int, isKnown: [Bool], isCut: [Bool]) {
    self.values = values
    self.dimension = dimension
    self.isKnown = isKnown
    self.isCut = isCut
  }

  /// The number of texts.
  public var count: Int { isKnown.count }

  /// The embedding of a text.
  public subscript(row: Int) -> ArraySlice<Float> {
    values[(row * dimension)..<((row + 1) * dimension)]
  }

  /// The first `count` dimensions of each embedding.
  ///
  /// - Precondition: `count` is 1 to `dimension`.
  public func prefix(_ count: Int) -> TextEmbeddings {
    precondition(1...dimension ~= count, "\(count) of \(dimension) dimensions")
    var cut = self
    cut.values = (0..<self.count).flatMap { self[$0].prefix(count) }
    cut.dimension = count
    return cut
  }

  /// The same with length 1 each; an embedding of zeros stays.
  public var normalized: TextEmbeddings {
    var result = self
    for row in 0..<count {
      let length = Self.product(self[row], self[row]).squareRoot()
      guard length > 0 else { continue }
      for index in (row * dimension)..<((row + 1) * dimension) {
        result.values[index] = Float(Double(values[index]) / length)
      }
    }
    return result
  }

  /// The cosine between two embeddings, from −1 to 1; 0 if the model recognises nothing in one of
  /// the texts.
  public func cosine(_ first: Int, _ second: Int) -> Double {
    guard isKnown[first], isKnown[second] else { return 0 }
    let (a, b) = (self[first], self[second])
    let lengths = (Self.product(a, a) * Self.product(b, b)).squareRoot()
    return lengths > 0 ? Self.product(a, b) / lengths : 0
  }

  private static func product(_ first: ArraySlice<Float>, _ second: ArraySlice<Float>) -> Double {
    zip(first, second).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }
}
