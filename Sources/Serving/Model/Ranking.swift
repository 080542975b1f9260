import Evaluation
import Torch

/// Picks the best of one row of scores.
enum Ranking {
  /// The best `k` columns of `scores`, `[1, N]`, best first.
  static func best(_ k: Int, of scores: Tensor) throws -> [(row: Int, score: Float)] {
    var selection = TopK(k: k)
    try scores.withUnsafeBytes { bytes in
      try selection.append(selectingFrom: bytes.bindMemory(to: Float.self))
    }
    return zip(selection.labels(ofRow: 0), selection.scores(ofRow: 0)).map { (Int($0), $1) }
  }
}
