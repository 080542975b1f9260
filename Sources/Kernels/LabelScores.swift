import Storage
import Torch

/// The scores xᵢ · yⱼ / τ + bⱼ + oᵢⱼ of queries and labels, which never exist as a whole.
struct LabelScores {
  /// `[B, D]`, over the temperature.
  let queries: Tensor
  /// `[L, D]`.
  let labels: Tensor
  /// `[L]`.
  let bias: Tensor?
  let offset: (any AddedScores)?
  let positives: PositiveCells
  /// Whether the sums leave out the positive cells.
  let hidesPositives: Bool
  let layout: LabelLayout
  /// The number of labels, with those of other ranks.
  let totalLabelCount: Int

  /// - Parameter inputs: queries, labels, and biases if there are any.
  init(
    _ inputs: [Tensor], temperature: Double, offset: (any AddedScores)?,
    positives: PositiveCells, hidesPositives: Bool, layout: LabelLayout,
    totalLabelCount: Int? = nil
  ) {
    queries = (inputs[0] * (1 / temperature)).contiguous()
    labels = inputs[1].contiguous()
    bias = inputs.count > 2 ? inputs[2].contiguous() : nil
    self.offset = offset
    self.positives = positives
    self.hidesPositives = hidesPositives
    self.layout = layout
    self.totalLabelCount = totalLabelCount ?? inputs[1].size(along: 0)
  }

  /// The same with other positive cells.
  func replacing(positives: PositiveCells) -> LabelScores {
    LabelScores(self, positives: positives)
  }

  private init(_ scores: LabelScores, positives: PositiveCells) {
    (queries, labels, bias) = (scores.queries, scores.labels, scores.bias)
    (offset, hidesPositives, layout) = (scores.offset, scores.hidesPositives, scores.layout)
    totalLabelCount = scores.totalLabelCount
    self.positives = positives
  }

  var rowCount: Int { queries.size(along: 0) }
  var labelCount: Int { labels.size(along: 0) }
}

extension AddedScores {
  fileprivate var summary: String {
    "the offset has \(rowCount) rows and \(labelCount) labels in \(dtype)"
  }

  func check(queries: Tensor, labels: Tensor) {
    precondition(
      [rowCount, labelCount] == [queries.size(along: 0), labels.size(along: 0)]
        && dtype == queries.dtype,
      "\(summary), but the queries have the shape \(queries.shape) in \(queries.dtype) and there "
        + "are \(labels.size(along: 0)) labels")
  }
}

/// The blocks that labels are cut into: the one rule for both engines.
struct LabelLayout: Sendable {
  /// The widths for the kernels of the interface library.
  struct Kernels: Sendable {
    /// Labels that are scored at a time.
    let tileWidth: Int
    /// Labels that a thread takes at a time and adds up on their own.
    let blockWidth: Int
    /// Labels of one call: all, or as many as there is memory for an offset's scores.
    let sectionWidth: Int
  }

  /// Labels that tensor operators score at a time.
  let blockWidth: Int
  /// Nil where there are no kernels, or where they would be slower.
  let kernels: Kernels?
  /// Whether the forward pass keeps the scores of the only block for the backward pass.
  let keepsScores: Bool

  /// Labels by which the positive cells are grouped.
  var cellWidth: Int { kernels?.tileWidth ?? blockWidth }

  /// Chooses by the sizes.
  ///
  /// - Parameters:
  ///   - blockSize: labels that are scored at a time; nil chooses about a million scores,
  ///   4 MB in float32, so that a block stays in the cache between the products.
  ///   - allowsKernels: false where not all ranks have them.
  init(
    queries: Tensor, labelCount: Int, blockSize: Int?, sums: LabelSums, hasOffset: Bool,
    wantsGradient: Bool, allowsKernels: Bool = true
  ) {
    let rowCount = max(1, queries.size(along: 0))
    let width = max(
      1, min(labelCount, blockSize ?? BlockSize.labels(rowCount: rowCount, like: queries)))
    let fitsOneBlock = width >= labelCount && wantsGradient
    // Kept float32 scores need one product less than the kernels do, but are read and written whole.
    let isFasterKept =
      fitsOneBlock && rowCount * labelCount <= BlockSize.keptScores && queries.dtype == .float32
      && !sums.takesSeveralSweeps
    // Without queries the kernels do not write the gradients.
    let hasQueries = queries.size(along: 0) > 0
    guard allowsKernels, hasQueries, !isFasterKept, sums.hasKernel, ScoreTiles.suit(queries)
    else {
      (blockWidth, kernels, keepsScores) = (width, nil, fitsOneBlock)
      return
    }
    let tile = min(ScoreTiles.widestTile, blockSize ?? .max)
    // Enough blocks for all threads, and each large enough that its own sums cost nothing.
    let block = blockSize ?? min(4096, max(256, hasOffset ? width / 8 : labelCount / 32))
    let threadWidth = max(1, block / tile) * tile
    kernels = Kernels(
      tileWidth: tile, blockWidth: threadWidth,
      sectionWidth: hasOffset
        ? max(1, width / threadWidth) * threadWidth : max(1, labelCount))
    (blockWidth, keepsScores) = (tile, false)
  }
}

/// The gradients of queries, labels and biases, filled a few labels at a time.
struct InputGradients {
  /// `[B, D]`, to which blocks are added; over neither the temperature nor the upstream gradient.
  let ofQueries: Tensor?
  /// `[L, D]`.
  let ofLabels: Tensor?
  /// `[L]`.
  let ofBias: Tensor?

  /// - Parameters:
  ///   - needed: whether queries, labels and biases need a gradient.
  ///   - dtype: that of sums over labels or rows.
  init(_ scores: LabelScores, needed: [Bool], dtype: DType) {
    let (queries, labels) = (scores.queries, scores.labels)
    ofQueries = needed[0] ? .zeros(queries.shape, dtype: dtype, device: queries.device) : nil
    ofLabels =
      needed[1]
      ? .uninitialized(labels.shape, dtype: labels.dtype, device: labels.device) : nil
    ofBias =
      scores.bias != nil && needed[2]
      ? .uninitialized([scores.labelCount], dtype: dtype, device: labels.device) : nil
  }
}
