public import Storage
public import Torch

/// Drops random tokens of a text.
///
/// Every token is dropped independently with probability p; a nonempty text keeps at least one. The
/// others keep their values and their order.
///
/// - Paper: Iyyer, Manjunatha, Boyd-Graber, Daumé III. Deep Unordered Composition Rivals Syntactic
///   Methods for Text Classification. ACL 2015, section 3.1, equations 4 and 5.
///   <https://aclanthology.org/P15-1162>
/// - Gradient: none; the values of kept tokens are unchanged.
/// - Units: none.
/// - Departures: if all tokens of a text would be dropped, one random token stays.
/// - Degenerate: an empty text stays empty.
public struct TokenDropout: Codable, Hashable, Sendable {
  /// The probability p that a token is dropped; default 0.3, from the paper.
  public var probability: Double

  /// Creates a view with a dropout probability.
  public init(probability: Double = 0.3) { self.probability = probability }

  /// A view of texts.
  ///
  /// - Parameters:
  ///   - texts: one row per text, its tokens in order or as a bag.
  ///   - generator: a CPU generator.
  /// - Returns: the same rows with fewer entries.
  /// - Precondition: the probability is in 0 … 1.
  public func callAsFunction(_ texts: CSRMatrix, generator: Generator) -> CSRMatrix {
    precondition(probability >= 0 && probability <= 1, "a probability of \(probability)")
    let luck = Tensor.uniform([texts.entryCount], generator: generator, dtype: .float64).doubles()
    return texts.keeping { row in
      let entries = texts.entries(ofRow: row)
      let kept = entries.filter { luck[$0] >= probability }
      guard kept.isEmpty, let best = entries.max(by: { luck[$0] < luck[$1] }) else { return kept }
      return [best]
    }
  }
}

extension CSRMatrix {
  /// The matrix with the entries that `chosen` returns for each row, in that order.
  func keeping(_ chosen: (_ row: Int) -> [Int]) -> CSRMatrix {
    var offsets: [Int64] = [0]
    var entries: [Int] = []
    for row in 0..<rowCount {
      entries += chosen(row)
      offsets.append(Int64(entries.count))
    }
    return CSRMatrix(
      rowOffsets: MappedArray(offsets), columns: MappedArray(entries.map { columns[$0] }),
      values: values.map { values in MappedArray(entries.map { values[$0] }) },
      columnCount: columnCount)
  }
}
