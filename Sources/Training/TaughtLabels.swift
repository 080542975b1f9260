import Kernels
import Storage
import Torch

/// The labels that have a training document, where a run with others is continued.
///
/// The loss compares each document with these alone. As negatives of every new document, the others
/// would only be pushed down: the run would forget them.
struct TaughtLabels {
  /// `[N, taught]`; the labels of the documents.
  let positives: CSRMatrix
  /// The division of these labels among several processes; nil for one.
  let shard: LabelShard?
  /// The rows of this process's labels.
  private let indices: Tensor

  /// Finds the labels; nil if all have a document.
  ///
  /// - Parameters:
  ///   - labels: `[N, L]`; the labels of the documents.
  ///   - shard: the division of all labels among several processes; nil for one.
  init?(_ labels: CSRMatrix, of shard: LabelShard? = nil) {
    let counts = labels.columnCounts()
    let taught = counts.indices.filter { counts[$0] > 0 }
    guard taught.count < counts.count, !taught.isEmpty else { return nil }
    positives = labels.selecting(columns: taught)
    self.shard = shard?.selecting(taught)
    let held = shard?.labels ?? counts.indices
    indices = Tensor(taught.filter(held.contains).map { Int64($0 - held.lowerBound) })
  }

  /// The rows of this process's labels among those that it holds, `[taught, …]` of `[L, …]`.
  func rows(of all: Tensor) -> Tensor { all.gathered(rows: indices.sent(to: all.device)) }
}
