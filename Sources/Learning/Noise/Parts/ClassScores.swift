import Torch

/// Class scores `[N, C]` with one class per row.
struct ClassScores {
  let scores: Tensor
  /// int64 `[N]`, on the scores' device.
  let classes: Tensor

  /// - Precondition: one class per row, each in 0 ..< C, N > 0.
  init(_ scores: Tensor, classes: [Int]) {
    precondition(
      scores.dimensionCount == 2 && scores.size(along: 0) == classes.count && !classes.isEmpty,
      "scores of shape \(scores.shape) with \(classes.count) classes; expected [N, C] with N")
    let count = scores.size(along: 1)
    if let outside = classes.first(where: { $0 < 0 || $0 >= count }) {
      preconditionFailure("class \(outside) is outside 0 ..< \(count)")
    }
    self.scores = scores
    self.classes = Tensor(classes).moved(to: scores.device)
  }

  var count: Int { scores.size(along: 1) }

  /// log p, `[N, C]`.
  var logProbabilities: Tensor { scores.logSoftmax(along: 1) }

  /// log p of the given classes, `[N]`.
  var ownLogProbabilities: Tensor { own(logProbabilities) }

  /// The elements at the given classes, `[N, C]` → `[N]`.
  func own(_ values: Tensor) -> Tensor {
    values.gathered(at: classes.expandingDimension(at: 1), along: 1).squeezed(along: 1)
  }

  /// 1 at the given classes and 0 elsewhere, `[N, C]`.
  var oneHot: Tensor { classes.oneHot(classes: count).converted(to: scores.dtype) }

  /// Numbers as a tensor that goes with the scores.
  func constant(_ values: [Double]) -> Tensor {
    Tensor(values).converted(to: scores.dtype).moved(to: scores.device)
  }

  /// A matrix as a tensor that goes with the scores.
  func constant(_ rows: [[Double]]) -> Tensor {
    Tensor(rows: rows).converted(to: scores.dtype).moved(to: scores.device)
  }
}

/// Traps unless every class has a positive number of examples.
func checkCounts(_ counts: [Int], _ scores: ClassScores) {
  precondition(
    counts.count == scores.count && counts.allSatisfy { $0 > 0 },
    "counts \(counts) of \(scores.count) classes; expected a positive number for each")
}
