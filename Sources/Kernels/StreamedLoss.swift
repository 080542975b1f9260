package import Storage
package import Torch

/// A loss over the scores sᵢⱼ = xᵢ · yⱼ / τ + bⱼ of queries and labels, computed without the score
/// matrix.
///
/// The loss is data: the sums over the labels of each row that it needs, its value, and its gradient
/// at the positive cells and at the others, which all follow from these sums. Two engines interpret
/// it, `TiledScores` with the kernels of the interface library and `BlockedScores` with tensor
/// operators. Forward, they sweep over the labels and add up; backward, they compute the scores again,
/// turn them into ∂L/∂s and multiply that into the gradients at once. Four matrix products instead of
/// three buy memory of O(B · block + B + positives) instead of O(B · L). Where all labels fit into one
/// block its scores are kept, and it is three products again.
package protocol StreamedLoss: Sendable {
  /// The name of the loss in libtorch's messages.
  static var name: String { get }
  /// The divisor of inner products, τ > 0.
  var temperature: Double { get }
  /// Labels that are scored at a time; nil chooses.
  var blockSize: Int? { get }
  /// The sums over the labels of each row that value and gradient need.
  var sums: LabelSums { get }

  /// The loss as float64: a number, or one per row.
  ///
  /// - Parameters:
  ///   - sums: the results of `sums`.
  ///   - positives: the positive cells.
  ///   - positiveScores: their scores, `[E]`, float64.
  func value(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor) -> Tensor
  /// The gradient of the loss by the scores.
  func gradient(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor)
    -> LossGradient
  /// The loss whose gradient is wanted once ∂/∂value is known, and the factor of that gradient.
  ///
  /// A loss of one number stays as it is. A loss of a number per row becomes the sum of its rows,
  /// weighted by `upstream`.
  func weighted(by upstream: Tensor) -> (loss: Self, factor: Tensor)
}

extension StreamedLoss {
  package static var name: String { "\(Self.self)" }

  package func weighted(by upstream: Tensor) -> (loss: Self, factor: Tensor) { (self, upstream) }
}

/// The gradient of a loss by its scores, ∂L/∂s.
package struct LossGradient {
  /// `[E]`, float64: the gradient at the positive cells.
  package let atPositives: Tensor
  /// The gradient at all other cells.
  package let elsewhere: ScoreGradient

  package init(atPositives: Tensor, elsewhere: ScoreGradient) {
    self.atPositives = atPositives
    self.elsewhere = elsewhere
  }
}

/// The results of the forward pass that the backward pass needs.
private struct ForwardState {
  let sums: RowSums
  let positiveScores: Tensor
  /// The scores, kept if they are one block and a gradient will follow.
  let keptScores: Tensor?
  let usesKernels: Bool
}

extension StreamedLoss {
  /// The loss of queries `[B, D]` against labels `[L, D]`, differentiable once.
  ///
  /// - Parameter offset: added to the scores, unscaled; receives its own gradient.
  package func streamed(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives matrix: CSRMatrix,
    offset: (any AddedScores)? = nil
  ) throws -> Tensor {
    let shard = LabelShard.current
    checkShapes(queries: queries, labels: labels, bias: bias, positives: matrix, shard)
    offset?.check(queries: queries, labels: labels)
    let inputs = [queries, labels] + (bias.map { [$0] } ?? [])
    let sums = sums
    let layout = LabelLayout(
      queries: queries, labelCount: shard?.widest ?? labels.size(along: 0), blockSize: blockSize,
      sums: sums, hasOffset: offset != nil,
      wantsGradient: gradientsAreEnabled && inputs.contains { $0.requiresGradient },
      allowsKernels: shard?.hasKernels ?? true)
    let positives = PositiveCells(
      matrix, blockSize: layout.cellWidth, parts: shard?.ranges, device: queries.device)
    func scores(_ inputs: [Tensor]) -> LabelScores {
      LabelScores(
        inputs, temperature: temperature, offset: offset, positives: positives,
        hidesPositives: sums.hidesPositives, layout: layout, totalLabelCount: matrix.columnCount)
    }
    let function = CustomFunction<ForwardState>(Self.name) { inputs in
      let scores = scores(inputs)
      let state =
        self.forward(through: scores.engine(of: shard) { TiledScores($0) }, sums)
        ?? self.forward(through: scores.engine(of: shard) { BlockedScores($0) }, sums)
      guard let state else { preconditionFailure("\(Self.name): no engine has these sums") }
      let value = self.value(
        of: state.sums, positives: positives, positiveScores: state.positiveScores)
      return ([value.converted(to: inputs[0].dtype.accumulator)], state)
    } backward: { context, upstream in
      guard let upstream = upstream[0] else { return context.inputs.map { _ in nil } }
      let scores = scores(context.inputs)
      let state = context.state
      let engine: (any StreamedScores)? =
        state.usesKernels
        ? scores.engine(of: shard) { TiledScores($0) }
        : scores.engine(of: shard) { BlockedScores($0, keptScores: state.keptScores) }
      guard let engine else { preconditionFailure("\(Self.name): no kernels any more") }
      return self.backward(through: engine, state, upstream, context.needsGradient)
    }
    if let bias { return try function(queries, labels, bias)[0] }
    return try function(queries, labels)[0]
  }

  /// The sums and the scores of the positives; nil where the engine is missing or too coarse.
  private func forward(through engine: (any StreamedScores)?, _ sums: LabelSums)
    -> ForwardState?
  {
    guard let engine, let rows = sums.rowSums(of: engine, engine.scores) else { return nil }
    return ForwardState(
      sums: rows, positiveScores: engine.positiveScores.converted(to: .float64),
      keptScores: engine.keptScores, usesKernels: engine.usesKernels)
  }

  private func backward(
    through engine: any StreamedScores, _ state: ForwardState, _ upstream: Tensor,
    _ needed: [Bool]
  ) -> [Tensor?] {
    let (loss, factor) = weighted(by: upstream)
    let gradient = loss.gradient(
      of: state.sums, positives: engine.scores.positives, positiveScores: state.positiveScores)
    let results = InputGradients(engine.scores, needed: needed, dtype: engine.gradientDtype)
    let scale = factor.converted(to: engine.gradientDtype)
    engine.write(gradient, upstream: scale, to: results)
    let dtype = engine.scores.labels.dtype
    let all = [
      results.ofQueries.map { ($0 * (scale * (1 / temperature))).converted(to: dtype) },
      results.ofLabels, results.ofBias?.converted(to: dtype),
    ]
    return Array(all.prefix(needed.count))
  }

  private func checkShapes(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix, _ shard: LabelShard?
  ) {
    precondition(
      shard.map { $0.count == positives.columnCount && $0.labels.count == labels.size(along: 0) }
        ?? true,
      "\(labels.size(along: 0)) labels of this rank for positives of \(positives.columnCount)")
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
        && positives.columnCount == shard?.count ?? labels.size(along: 0),
      "positives of \(positives.rowCount) rows and \(positives.columnCount) columns for "
        + "\(queries.size(along: 0)) queries and \(labels.size(along: 0)) labels")
    precondition(
      temperature > 0 && temperature.isFinite, "the temperature \(temperature) is not positive")
    precondition((blockSize ?? 1) > 0, "a block of \(blockSize ?? 0) labels")
  }
}

extension LabelScores {
  /// An engine of these scores; joined with those of the other ranks if there is a shard.
  fileprivate func engine(
    of shard: LabelShard?, _ make: (LabelScores) -> (any StreamedScores)?
  ) -> (any StreamedScores)? {
    guard let shard else { return make(self) }
    let blocks = ColumnBlocks(shard.ranges, width: layout.cellWidth)
      .blocks(ofPart: shard.group.rank)
    let cells = positives.offsets[blocks.lowerBound]..<positives.offsets[blocks.upperBound]
    return make(replacing(positives: positives.part(blocks))).map {
      ShardedScores(self, engine: $0, cells: cells, shard: shard)
    }
  }
}
