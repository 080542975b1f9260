import Torch

/// An engine that adds up scores over the labels of each row.
protocol ScoreSummation {
  /// Whether it has the kernels' sums, in float32, or those of tensor operators.
  var usesKernels: Bool { get }
  /// The sums over all labels, `[K, B]`, float64.
  func sums(_ kind: ScoreSums) -> Tensor
  /// The sums of some rows alone, `[K, rows]`; nil where that would cost as much as all rows.
  func sums(_ kind: ScoreSums, ofRows rows: Tensor) -> Tensor?
  /// `[3, B]`, float64: the thresholds, log Σ v and 1 in the rows that are certain, from about one
  /// sweep; in the others a guess, 0 and 0. Nil where the engine or the search has no such sweep.
  func thresholds(_ search: OneSweepSearch) -> Tensor?
}

extension ScoreSummation {
  func sums(_ kind: ScoreSums, ofRows rows: Tensor) -> Tensor? { nil }
  func thresholds(_ search: OneSweepSearch) -> Tensor? { nil }
}

/// Scores that exist as a matrix, `[B, L]`.
struct ScoreMatrix: ScoreSummation {
  let scores: Tensor
  let usesKernels = false

  func sums(_ kind: ScoreSums) -> Tensor {
    kind.added(over: [scores], rowCount: scores.size(along: 0), like: scores)
  }
}

/// One of the two engines that interpret a streamed loss.
protocol StreamedScores: ScoreSummation {
  var scores: LabelScores { get }
  /// `[E]`: the scores of the positive cells, filled by the first sweep.
  var positiveScores: Tensor { get }
  /// The scores, where the backward pass is to use them again.
  var keptScores: Tensor? { get }
  /// The dtype in which gradients of queries and biases add up.
  var gradientDtype: DType { get }
  /// Writes the gradients of queries (over the upstream gradient), labels and biases.
  func write(_ gradient: LossGradient, upstream: Tensor, to results: InputGradients)
}

/// The engine of tensor operators: a block of labels at a time.
final class BlockedScores: StreamedScores {
  let scores: LabelScores
  let positiveScores: Tensor
  let usesKernels = false
  /// The scores of the only block, −∞ at the positives where the sums leave them out.
  private var onlyBlock: Tensor?

  init(_ scores: LabelScores, keptScores: Tensor? = nil) {
    self.scores = scores
    onlyBlock = keptScores
    positiveScores = .uninitialized(
      [scores.positives.count], dtype: scores.queries.dtype, device: scores.queries.device)
  }

  var keptScores: Tensor? { scores.layout.keepsScores ? onlyBlock : nil }
  var gradientDtype: DType { scores.labels.dtype.accumulator }

  private var ranges: [Range<Int>] {
    (0..<scores.labelCount).blocks(of: scores.layout.blockWidth)
  }

  private func block(_ labels: Range<Int>) -> Tensor {
    let block = scores.queries.productWithTransposed(
      scores.labels[labels], bias: scores.bias?[labels])
    scores.offset?.addAnywhere(to: block, labels: labels)
    return block
  }

  func sums(_ kind: ScoreSums) -> Tensor {
    let ranges = ranges
    let blocks = ranges.indices.lazy.map { [self] index in
      if let onlyBlock { return onlyBlock }
      let block = block(ranges[index])
      let cells = scores.positives.entries(ofBlock: index)
      if !cells.isEmpty {
        let positions = scores.positives.positions[cells]
        positiveScores[cells].copyInPlace(from: block.elements(at: positions))
        if scores.hidesPositives { block.setElementsInPlace(at: positions, to: -.infinity) }
      }
      if ranges.count == 1 { onlyBlock = block }
      return block
    }
    return kind.added(over: blocks, rowCount: scores.rowCount, like: scores.queries)
  }

  func write(_ gradient: LossGradient, upstream: Tensor, to results: InputGradients) {
    let (queries, labels, positives) = (scores.queries, scores.labels, scores.positives)
    let atPositives = gradient.atPositives.converted(to: labels.dtype)
    let offsetScale = scores.offset == nil ? 1 : upstream.scalar
    // [D, B]: the labels' gradient is made transposed, for the sake of the fast product.
    let columns =
      results.ofLabels == nil ? nil : (queries * upstream).transposed().contiguous()
    for (index, range) in ranges.enumerated() {
      let block = onlyBlock ?? block(range)
      let result =
        onlyBlock == nil
        ? block : .uninitialized(block.shape, dtype: block.dtype, device: block.device)
      gradient.elsewhere.write(block, to: result)
      let cells = positives.entries(ofBlock: index)
      if !cells.isEmpty {
        result.setElementsInPlace(at: positives.positions[cells], to: atPositives[cells])
      }
      scores.offset?.accumulate(
        gradient: result.moved(to: .cpu), labels: range, scale: offsetScale)
      results.ofQueries?.addInPlace(result.productWithTransposed(labels[range].transposed()))
      if let ofLabels = results.ofLabels, let columns {
        ofLabels[range].copyInPlace(
          from: columns.productWithTransposed(result.transposed()).transposed())
      }
      results.ofBias?[range].copyInPlace(from: result.sum(along: 0) * upstream)
    }
  }
}
