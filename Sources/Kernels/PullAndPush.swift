import Storage
package import Torch

/// The common part of multi-similarity and proxy-anchor losses: each row pulls its positive columns,
/// the farthest most, and pushes all others, the closest most.
///
///     Σ over rows of w⁺ log(1 + Σ_positives exp −α(s − λ⁺)) + w⁻ log(1 + Σ_others exp β(s − λ⁻))
///
/// with the inner product s. Mining keeps the positives below the closest other + ε, and the others
/// above the farthest positive − ε. `RowBlocks` computes the sum with gradients in closed form.
package struct PullAndPush {
  /// A sharpness, the base from which near and far are told, and a weight.
  package typealias Side = (sharpness: Double, base: Double, weight: Double)

  /// α, λ⁺ and w⁺.
  package let pull: Side
  /// β, λ⁻ and w⁻.
  package let push: Side
  /// ε; nil takes all columns.
  package var miningMargin: Double?
  /// Rows per block; nil is about a million inner products.
  package var blockSize: Int?

  /// Creates the sum from both sides.
  package init(pull: Side, push: Side, miningMargin: Double? = nil, blockSize: Int? = nil) {
    self.pull = pull
    self.push = push
    self.miningMargin = miningMargin
    self.blockSize = blockSize
  }

  /// The sum over all rows.
  ///
  /// - Parameters:
  ///   - rows: `[N, D]`.
  ///   - columns: `[M, D]`.
  ///   - positives: each row's positive columns.
  ///   - leavingOutItself: row i is column i, neither a positive nor another.
  package func callAsFunction(
    rows: Tensor, columns: Tensor, positives: [[Int]], leavingOutItself: Bool
  ) throws -> Tensor {
    let count = columns.size(along: 0)
    // One more column that belongs to no row: it pads rows with fewer positives than others.
    let padding = Tensor.zeros(
      [1, columns.size(along: 1)], dtype: columns.dtype, device: columns.device)
    let padded = Tensor.concatenated([columns, padding])
    let blocks = RowBlocks(
      blockSize: BlockSize.rows(blockSize, columns: count, scores: BlockSize.scores))
    return try blocks.sum(
      "PullAndPush", rows: rows, columns: padded, factor: push.sharpness
    ) { products, range, wantsGradient in
      let cells = PositiveColumns(
        positives[range], row: leavingOutItself ? range.lowerBound : nil, padding: count)
      return block(products, cells.moved(to: rows.device), wantsGradient: wantsGradient)
    }
  }

  /// The sum over a block and its gradient by the inner products.
  ///
  /// - Parameter scores: β s, overwritten.
  private func block(_ scores: Tensor, _ cells: PositiveColumns, wantsGradient: Bool)
    -> (sum: Tensor, gradient: Tensor?)
  {
    let positives = scores.gathered(at: cells.table, along: 1) * (1 / push.sharpness)
    scores.setElementsInPlace(at: cells.positions, to: -.infinity)
    var kept = cells.counted
    var others = scores
    if let miningMargin {
      let closest = scores.maximum(along: 1, keepingDimensions: true) * (1 / push.sharpness)
      let farthest = positives.replacing(where: kept.logicalNot(), with: .infinity)
        .minimum(along: 1, keepingDimensions: true)
      kept = kept.logicalAnd((positives - miningMargin).isLess(than: closest))
      let limit = (farthest - miningMargin) * push.sharpness
      others = scores.replacing(where: scores.isGreater(than: limit).logicalNot(), with: -.infinity)
    }
    let accumulator = RunningLogSumExp(
      count: scores.size(along: 0), dtype: scores.dtype, device: scores.device)
    accumulator.add(others)
    let all = accumulator.value
    let beyond = all - push.sharpness * push.base
    let pushed = beyond.relu() + (-beyond.magnitude()).exp().logOnePlus()
    let exponents = (pull.base - positives) * pull.sharpness
    let pulled = exponents.logOnePlusSumExp(where: kept)
    let sum =
      pushed.sum() * push.weight + pulled.converted(to: .float64).sum() * pull.weight
    guard wantsGradient else { return (sum, nil) }
    let shift = all.replacing(where: all.isFinite().logicalNot(), with: 0)
    others.writeExponentials(
      shift: shift.converted(to: scores.dtype),
      scale: (beyond.sigmoid() * (push.weight * push.sharpness)).converted(to: scores.dtype),
      to: others)
    let atPositives =
      (exponents - pulled.expandingDimension(at: 1)).exp() * (-pull.weight * pull.sharpness)
    others.setElementsInPlace(
      at: cells.positions,
      to: atPositives.replacing(where: kept.logicalNot(), with: 0).reshaped([-1]))
    return (sum, others)
  }
}

/// The positive columns of a block of rows, padded to one length.
private struct PositiveColumns {
  /// `[B, K]` int64: columns.
  var table: Tensor
  /// `[B, K]`: whether they are positives of the row.
  var counted: Tensor
  /// `[B · K]` int64: their indices in `[B, padding + 1]`.
  var positions: Tensor

  /// - Parameters:
  ///   - row: the column of the first row itself, nil if rows are not columns.
  ///   - padding: the column that belongs to no row, the last; every row has it at least once.
  init(_ positives: ArraySlice<[Int]>, row: Int?, padding: Int) {
    let width = (positives.map(\.count).max() ?? 0) + 1
    var columns: [Int] = []
    var positions: [Int] = []
    var counted: [Bool] = []
    columns.reserveCapacity(positives.count * width)
    positions.reserveCapacity(positives.count * width)
    counted.reserveCapacity(positives.count * width)
    for (offset, some) in positives.enumerated() {
      let itself = row.map { $0 + offset }
      for index in 0..<width {
        let column = index < some.count ? some[some.startIndex + index] : padding
        columns.append(column)
        positions.append(offset * (padding + 1) + column)
        counted.append(column != padding && column != itself)
      }
    }
    table = Tensor(columns, shape: [positives.count, width])
    self.positions = Tensor(positions)
    self.counted = Tensor(counted, shape: [positives.count, width])
  }

  func moved(to device: Device) -> PositiveColumns {
    var cells = self
    cells.table = table.moved(to: device)
    cells.counted = counted.moved(to: device)
    cells.positions = positions.moved(to: device)
    return cells
  }
}
