/// The number of scores in memory at a time: the one rule for everything that works in blocks.
package enum BlockSize {
  /// Scores of a block that is one matrix, rewritten in place: 4 MB in float32, so that it stays in
  /// the cache between the products.
  package static let scores = 1 << 20
  /// Scores of a block from which other matrices are derived: 2 MB each in float64.
  package static let derivedScores = 1 << 18

  /// The number of rows per block.
  ///
  /// - Parameters:
  ///   - given: the answer, if the caller knows it.
  ///   - columns: the number of scores in a row.
  ///   - scores: the number of scores in a block.
  /// - Precondition: `given` is positive.
  package static func rows(_ given: Int?, columns: Int, scores: Int = derivedScores) -> Int {
    let size = given ?? max(1, scores / max(1, columns))
    precondition(size > 0, "the block size \(size) is not positive")
    return size
  }
}

extension Range<Int> {
  /// Consecutive ranges of `size` numbers, the last one shorter where they do not divide evenly.
  package func blocks(of size: Int) -> [Range<Int>] {
    stride(from: lowerBound, to: upperBound, by: size).map {
      $0..<Swift.min($0 + size, upperBound)
    }
  }
}
