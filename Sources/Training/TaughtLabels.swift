import Storage
import Torch

/// The labels that have a training document, where a run with others is continued.
///
/// The loss compares each document with these alone. As negatives of every new document, the others
/// would only be pushed down: the run would forget them.
struct TaughtLabels {
  /// `[N, taught]`; the labels of the documents.
  let positives: CSRMatrix
  private let indices: Tensor

  /// Finds the labels; nil if all have a document.
  ///
  /// - Parameter labels: `[N, L]`; the labels of the documents.
  init?(_ labels: CSRMatrix) {
    let counts = labels.columnCounts()
    let taught = counts.indices.filter { counts[$0] > 0 }
    guard taught.count < counts.count, !taught.isEmpty else { return nil }
    positives = labels.selecting(columns: taught)
    indices = Tensor(taught.map(Int64.init))
  }

  /// The rows of the labels, `[taught, …]` of `[L, …]`.
  func rows(of all: Tensor) -> Tensor { all.gathered(rows: indices.sent(to: all.device)) }
}
