internal import Torch

/// A loss over the scores sᵢⱼ = xᵢ · yⱼ / τ + bⱼ of queries and labels, computed without the score
/// matrix.
///
/// The labels are walked through in blocks. Forward, a pass gathers a few numbers a row; backward,
/// each block's scores are computed again, turned into ∂L/∂s by the closed form and multiplied
/// into the gradients at once. Four matrix products instead of three buy memory of
/// O(B · block + B + positives) instead of O(B · L). Where all labels fit in one block its scores
/// are kept, and it is three products again.
protocol StreamedLoss: Sendable {
  /// What the forward pass learns about the rows.
  associatedtype Pass
  /// Names the loss in libtorch's messages.
  static var name: String { get }
  /// Whether the scores at positive cells are −∞ in the forward pass.
  static var hidesPositives: Bool { get }
  /// What inner products are divided by.
  var temperature: Double { get }
  /// Labels a block; nil chooses.
  var blockSize: Int? { get }

  /// Starts a pass over the rows of `positives` with scores of the dtype and on the device of
  /// `model`.
  func makePass(positives: PositiveCells, like model: Tensor) -> Pass
  /// Takes in the scores of a block, `[B, width]`.
  func add(_ scores: Tensor, to pass: Pass)
  /// Takes in the scores of all blocks at once, where the interface library has a kernel for what
  /// `add` does; nil where it has none. False where it does not do for these scores: then all starts
  /// over with a new pass, block by block.
  var sweep: ((TileSweep, Pass) -> Bool)? { get }
  /// Whether the forward pass goes over the scores several times: then the kernels are faster than
  /// scores that are kept.
  static var sweepsOften: Bool { get }
  /// Called after all blocks; whether they have to be gone through once more.
  func needsAnotherSweep(_ pass: Pass) -> Bool
  /// The loss as float64, given the scores `[E]` (float64) at the positive cells.
  func value(of pass: Pass, positives: PositiveCells, scores: Tensor) -> Tensor
  /// ∂L/∂s.
  func gradient(of pass: Pass, positives: PositiveCells, scores: Tensor) -> ScoreGradient
  /// What to differentiate once it is known what comes of the value, and by what number to multiply.
  ///
  /// A loss of one number is as it is. A value a row is weighted by its rows' numbers.
  func weighted(by upstream: Tensor) -> (loss: Self, factor: Tensor)
}

/// ∂L/∂s in two parts.
struct ScoreGradient {
  /// `[E]`, float64: the values at the positive cells.
  let atPositives: Tensor
  /// Turns a block's scores (first) into the values at all other cells (second; it may be the
  /// first); what it writes at the positive cells is replaced.
  let writeOthers: (Tensor, Tensor) -> Void
  /// The same for the interface library; there where `StreamedLoss.sweep` is.
  let tiled: ScoreTiles.Gradient?

  init(
    atPositives: Tensor, tiled: ScoreTiles.Gradient? = nil,
    writeOthers: @escaping (Tensor, Tensor) -> Void
  ) {
    self.atPositives = atPositives
    self.writeOthers = writeOthers
    self.tiled = tiled
  }

  /// Takes `others` for all cells but the positive ones.
  init(atPositives: Tensor, writeOthers others: SoftmaxWriter) {
    self.init(
      atPositives: atPositives, tiled: .exponentials(shift: others.shift, scale: others.scale)
    ) { others.write($0, to: $1) }
  }
}

/// Turns a block's scores into a number a row times their softmax.
struct SoftmaxWriter {
  fileprivate let shift: Tensor
  fileprivate let scale: Tensor

  fileprivate func write(_ scores: Tensor, to result: Tensor) {
    scores.writeExponentials(shift: shift, scale: scale, to: result)
  }
}

extension StreamedLoss {
  var sweep: ((TileSweep, Pass) -> Bool)? { nil }
  static var sweepsOften: Bool { false }
  func needsAnotherSweep(_ pass: Pass) -> Bool { false }
  func weighted(by upstream: Tensor) -> (loss: Self, factor: Tensor) { (self, upstream) }
}

extension RunningLogSumExp {
  /// Writes the softmax of a block's scores, each row times its weight (`[B]`, float64).
  func softmaxWriter(rowWeights: Tensor) -> SoftmaxWriter {
    let shift = self.shift
    // Rows without any finite score have the sum 0 and no gradient.
    let scale = (rowWeights / sum).replacing(where: sum.isEqual(to: 0), with: 0)
      .converted(to: shift.dtype)
    return SoftmaxWriter(shift: shift, scale: scale)
  }
}

/// What the backward pass needs of the forward pass.
struct Seen<Pass> {
  let pass: Pass
  let positiveScores: Tensor
  /// The scores, where there is one block and a gradient to come.
  let kept: Tensor?
  /// Whether all went through the interface library's kernels.
  var isTiled = false
}

/// The scores of all queries, a block of labels at a time.
struct LabelBlocks {
  let queries: Tensor  // [B, D], over the temperature
  let labels: Tensor  // [L, D]
  let bias: Tensor?  // [L]
  let width: Int
  let beside: SparseLinearScores?

  init(_ inputs: [Tensor], temperature: Double, width: Int, beside: SparseLinearScores?) {
    queries = (inputs[0] * (1 / temperature)).contiguous()
    labels = inputs[1].contiguous()
    bias = inputs.count > 2 ? inputs[2].contiguous() : nil
    self.width = width
    self.beside = beside
  }

  var ranges: [Range<Int>] {
    let count = labels.size(along: 0)
    return stride(from: 0, to: count, by: width).map { $0..<min($0 + width, count) }
  }

  func scores(_ range: Range<Int>) -> Tensor {
    let scores = queries.productWithTransposed(labels[range], bias: bias?[range])
    beside?.add(to: scores, labels: range)
    return scores
  }
}

extension StreamedLoss {
  /// The loss of queries `[B, D]` against labels `[L, D]`, differentiable once.
  ///
  /// - Parameter beside: added to the scores; its gradient goes back to it.
  func streamed(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives matrix: CSRMatrix,
    beside: SparseLinearScores?
  ) throws -> Tensor {
    checkShapes(queries: queries, labels: labels, bias: bias, positives: matrix)
    if let beside {
      precondition(
        [beside.rowCount, beside.labelCount] == [matrix.rowCount, matrix.columnCount]
          && beside.source.weights.dtype == queries.dtype && queries.device == .cpu,
        "scores of \(beside.rowCount) documents and \(beside.labelCount) labels in "
          + "\(beside.source.weights.dtype) beside queries of shape \(queries.shape) in "
          + "\(queries.dtype) on \(queries.device)")
    }
    let rowCount = queries.size(along: 0)
    let labelCount = labels.size(along: 0)
    // A million scores: 4 MB in float32, so that a block stays in the cache between the products.
    var width = max(1, min(labelCount, blockSize ?? max(256, (1 << 20) / max(1, rowCount))))
    let inputs = [queries, labels] + (bias.map { [$0] } ?? [])
    let keepsScores =
      width >= labelCount && gradientsAreEnabled && inputs.contains { $0.requiresGradient }
    // Kept float32 scores need a product less than the kernels do.
    let tiling =
      keepsScores && queries.dtype == .float32 && !Self.sweepsOften
      ? nil : self.tiling(queries, labelCount, sectionWidth: beside == nil ? nil : width)
    if let tiling { width = tiling.tileWidth }
    let positives = PositiveCells(matrix, blockSize: width, device: queries.device)
    let blockWidth = width

    let function = CustomFunction<Seen<Pass>>(Self.name) { inputs in
      let blocks = LabelBlocks(
        inputs, temperature: temperature, width: blockWidth, beside: beside)
      let seen =
        self.look(through: tiling, at: blocks, positives)
        ?? self.look(at: blocks, positives, keepsScores && tiling == nil)
      let value = self.value(of: seen.pass, positives: positives, scores: seen.positiveScores)
      return ([value.converted(to: inputs[0].dtype)], seen)
    } backward: { context, given in
      guard let upstream = given[0] else { return context.inputs.map { _ in nil } }
      let blocks = LabelBlocks(
        context.inputs, temperature: temperature, width: blockWidth, beside: beside)
      let (loss, factor) = self.weighted(by: upstream)
      return loss.gradients(
        through: tiling, blocks, positives, context.state, factor, context.needsGradient)
        ?? loss.gradients(blocks, positives, context.state, factor, context.needsGradient)
    }
    if let bias { return try function(queries, labels, bias)[0] }
    return try function(queries, labels)[0]
  }

  private func look(
    at blocks: LabelBlocks, _ positives: PositiveCells, _ keepsScores: Bool
  ) -> Seen<Pass> {
    let model = blocks.queries
    let pass = makePass(positives: positives, like: model)
    let found = Tensor.uninitialized([positives.count], dtype: model.dtype, device: model.device)
    let ranges = blocks.ranges
    var only: Tensor?
    for (index, range) in ranges.enumerated() {
      let scores = blocks.scores(range)
      let entries = positives.entries(ofBlock: index)
      if !entries.isEmpty {
        let positions = positives.positions[entries]
        found[entries].copyInPlace(from: scores.elements(at: positions))
        if Self.hidesPositives { scores.setElementsInPlace(at: positions, to: -.infinity) }
      }
      add(scores, to: pass)
      if ranges.count == 1 { only = scores }
    }
    while needsAnotherSweep(pass) {
      for range in ranges { add(only ?? blocks.scores(range), to: pass) }
    }
    return Seen(
      pass: pass, positiveScores: found.converted(to: .float64),
      kept: keepsScores ? only : nil)
  }

  private func gradients(
    _ blocks: LabelBlocks, _ positives: PositiveCells, _ seen: Seen<Pass>, _ upstream: Tensor,
    _ needed: [Bool]
  ) -> [Tensor?] {
    let labels = blocks.labels
    let own = gradient(of: seen.pass, positives: positives, scores: seen.positiveScores)
    let atPositives = own.atPositives.converted(to: labels.dtype)
    let ofQueries = needed[0] ? Tensor.zeros(like: blocks.queries) : nil
    let ofLabels =
      needed[1]
      ? Tensor.uninitialized(labels.shape, dtype: labels.dtype, device: labels.device) : nil
    let ofBias =
      blocks.bias != nil && needed[2]
      ? Tensor.uninitialized([labels.size(along: 0)], dtype: labels.dtype, device: labels.device)
      : nil
    // [D, B]: the labels' gradient is made transposed, for the sake of the fast product.
    let scale = blocks.beside == nil ? 1 : upstream.scalar
    let columns = needed[1] ? (blocks.queries * upstream).transposed().contiguous() : nil
    for (index, range) in blocks.ranges.enumerated() {
      let scores = seen.kept ?? blocks.scores(range)
      let result =
        seen.kept == nil
        ? scores
        : .uninitialized(scores.shape, dtype: scores.dtype, device: scores.device)
      own.writeOthers(scores, result)
      let entries = positives.entries(ofBlock: index)
      if !entries.isEmpty {
        result.setElementsInPlace(at: positives.positions[entries], to: atPositives[entries])
      }
      blocks.beside?.accumulate(gradient: result, labels: range, scale: scale)
      ofQueries?.addInPlace(result.productWithTransposed(labels[range].transposed()))
      if let ofLabels, let columns {
        ofLabels[range].copyInPlace(
          from: columns.productWithTransposed(result.transposed()).transposed())
      }
      ofBias?[range].copyInPlace(from: result.sum(along: 0))
    }
    let all = [
      ofQueries.map { $0 * (upstream * (1 / temperature)) }, ofLabels,
      ofBias.map { $0 * upstream },
    ]
    return Array(all.prefix(needed.count))
  }

  private func checkShapes(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix
  ) {
    precondition(
      queries.dimensionCount == 2 && labels.dimensionCount == 2
        && queries.size(along: 1) == labels.size(along: 1),
      "queries of shape \(queries.shape) and labels of shape \(labels.shape) are not [B, D] and [L, D]"
    )
    precondition(
      queries.dtype == labels.dtype && queries.dtype.isFloatingPoint
        && queries.device == labels.device,
      "queries are \(queries.dtype) on \(queries.device), labels \(labels.dtype) on \(labels.device)"
    )
    if let bias {
      precondition(
        bias.shape == [labels.size(along: 0)] && bias.dtype == labels.dtype,
        "a bias of shape \(bias.shape) and \(bias.dtype) for labels of shape \(labels.shape)")
    }
    precondition(
      positives.rowCount == queries.size(along: 0)
        && positives.columnCount == labels.size(along: 0),
      "positives of \(positives.rowCount) rows and \(positives.columnCount) columns for "
        + "\(queries.size(along: 0)) queries and \(labels.size(along: 0)) labels")
    precondition(
      temperature > 0 && temperature.isFinite, "the temperature \(temperature) is not positive")
    precondition((blockSize ?? 1) > 0, "a block of \(blockSize ?? 0) labels")
  }
}
