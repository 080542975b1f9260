import Storage
package import Torch

/// The softmax loss of a batch with a modified cosine for the true class.
///
///     L = (1 / N) Σᵢ (log (exp s φ(cᵢᵧ) + Σ_{j ≠ y} exp s cᵢⱼ) − s φ(cᵢᵧ))
///
/// with the cosine cᵢⱼ of embedding i and class j. `RowBlocks` computes it with gradients in closed
/// form.
package struct OwnClassSoftmax {
  /// The scale s that multiplies cosines.
  package let scale: Double
  /// The number of embeddings per block; nil means about a million cosines.
  package var blockSize: Int?
  /// φ, element-wise, differentiable.
  package var counted: (Tensor) -> Tensor

  /// Creates it with s and φ, the identity by default.
  package init(
    scale: Double, blockSize: Int? = nil, counted: @escaping (Tensor) -> Tensor = { $0 }
  ) {
    self.scale = scale
    self.blockSize = blockSize
    self.counted = counted
  }

  /// The loss.
  ///
  /// - Parameters:
  ///   - rows: `[N, D]` of unit length.
  ///   - columns: `[C, D]` of unit length.
  ///   - classes: one per row, in 0 ..< C; not empty.
  package func callAsFunction(rows: Tensor, columns: Tensor, classes: [Int]) throws -> Tensor {
    let classCount = columns.size(along: 0)
    let share = 1 / Double(classes.count)
    return try RowBlocks(blockSize: blockSize).sum(
      "OwnClassSoftmax", rows: rows, columns: columns, factor: scale, weight: share
    ) { scores, range, wantsGradient in
      let positions = Tensor(
        range.map { ($0 - range.lowerBound) * classCount + classes[$0] }
      ).moved(to: scores.device)
      let cosines = (scores.elements(at: positions) * (1 / scale))
        .requiringGradient(wantsGradient)
      let (logits, derivative) = try withGradients {
        let logits = counted(cosines) * scale
        let derivative =
          wantsGradient ? try gradients(of: logits.sum(), withRespectTo: [cosines])[0] : nil
        return (logits.detached(), derivative)
      }
      scores.setElementsInPlace(at: positions, to: logits)
      let accumulator = RunningLogSumExp(
        count: range.count, dtype: scores.dtype, device: scores.device)
      accumulator.add(scores)
      let sums = accumulator.value
      let sum = (sums - logits).sum()
      guard let derivative else { return (sum, nil) }
      let miss = ((logits - sums).exp() - 1).converted(to: scores.dtype)
      scores.writeExponentials(
        shift: sums.converted(to: scores.dtype),
        scale: .full([range.count], share * scale, dtype: scores.dtype, device: scores.device),
        to: scores)
      scores.setElementsInPlace(at: positions, to: miss * derivative * share)
      return (sum, scores)
    }
  }
}
