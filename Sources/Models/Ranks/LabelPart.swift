import Extreme
import Kernels
import Storage
import Torch

/// The labels whose vectors this process holds, if several processes rank labels together.
///
/// Rank r of n holds a range; the ranges follow each other.
package struct LabelPart: Hashable, Sendable {
  /// This process's number, from 0.
  package var rank: Int
  /// The number of processes.
  package var size: Int

  package init(rank: Int, size: Int) { (self.rank, self.size) = (rank, size) }

  /// The range among `count` labels.
  func labels(of count: Int) -> Range<Int> { LabelShard.ranges(of: count, among: size)[rank] }
}

extension CSRMatrix {
  /// The columns of some labels, numbered from 0.
  func selecting(labels: Range<Int>) -> CSRMatrix {
    labels == 0..<columnCount ? self : selecting(columns: Array(labels))
  }
}

extension SparseLinear {
  /// The weights of some labels, numbered from 0.
  func selecting(labels: Range<Int>) -> SparseLinear {
    guard labels != 0..<pattern.columnCount else { return self }
    let kept = pattern.columns.indices.filter { labels.contains(Int(pattern.columns[$0])) }
    return SparseLinear(
      pattern: pattern.selecting(labels: labels), weights: weights.gathered(rows: Tensor(kept)))
  }
}
