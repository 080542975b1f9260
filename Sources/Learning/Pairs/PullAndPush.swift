internal import Torch

/// What multi-similarity and proxy-anchor losses are made of: each row pulls its own columns, the
/// farthest most, and pushes all others, the closest most.
///
///     Σ over rows of w⁺ log(1 + Σ_own exp −α(s − λ⁺)) + w⁻ log(1 + Σ_others exp β(s − λ⁻))
///
/// with the inner product s, where mining keeps of its own those below the closest other + ε, and of
/// the others those above the farthest own − ε. Gradients are written by hand, right after the value
/// of a block of rows: O(block · M + (N + M) · D) memory. Differentiable once.
struct PullAndPush {
  /// A sharpness, what parts the near from the far, and a weight.
  typealias Side = (sharpness: Double, base: Double, weight: Double)

  /// α, λ⁺ and w⁺.
  let pull: Side
  /// β, λ⁻ and w⁻.
  let push: Side
  /// ε; nil takes all columns.
  var miningMargin: Double?
  /// Rows at a time; nil is about a million inner products.
  var blockSize: Int?

  /// The sum over all rows.
  ///
  /// - Parameters:
  ///   - rows: `[N, D]`.
  ///   - columns: `[M, D]`.
  ///   - own: each row's own columns.
  ///   - leavingOutItself: row i is column i, neither its own nor another.
  func callAsFunction(
    rows: Tensor, columns: Tensor, own: [[Int]], leavingOutItself: Bool
  ) throws -> Tensor {
    let wantsSlopes =
      gradientsAreEnabled && (rows.requiresGradient || columns.requiresGradient)
    let count = columns.size(along: 0)
    let size = blockSize ?? max(1, (1 << 20) / max(count, 1))
    precondition(size > 0, "a block of \(size) rows")
    let function = CustomFunction<[Tensor?]>("PullAndPush") { inputs in
      // A last column that is no one's: where a row has fewer own columns than another, it stands in.
      let padding = Tensor.zeros(
        [1, columns.size(along: 1)], dtype: columns.dtype, device: columns.device)
      let all = Tensor.concatenated([inputs[1].detached(), padding])
      var total = Tensor.zeros([], dtype: .float64, device: rows.device)
      var ofRows: [Tensor] = []
      let ofColumns = Tensor.zeros(like: all)
      for start in stride(from: 0, to: own.count, by: size) {
        let range = start..<min(start + size, own.count)
        let some = inputs[0][range].detached()
        let cells = OwnCells(own[range], row: leavingOutItself ? start : nil, padding: count)
        let (sum, slope) = block(
          (some * push.sharpness).productWithTransposed(all), cells.moved(to: rows.device),
          wantsSlope: wantsSlopes)
        total = total + sum
        if let slope {
          ofRows.append(slope.productWithTransposed(all.transposed()))
          ofColumns.addInPlace(slope.transposed().matmul(some))
        }
      }
      let slopes: [Tensor?] =
        wantsSlopes
        ? [ofRows.isEmpty ? .zeros(like: rows) : .concatenated(ofRows), ofColumns[0..<count]]
        : [nil, nil]
      return ([total.converted(to: rows.dtype)], slopes)
    } backward: { context, upstream in
      context.state.map { slope in upstream[0].flatMap { factor in slope.map { $0 * factor } } }
    }
    return try function(rows, columns)[0]
  }

  /// The sum over a block and its gradient by the inner products, which replaces them.
  ///
  /// - Parameter scores: β s.
  private func block(_ scores: Tensor, _ cells: OwnCells, wantsSlope: Bool) -> (Tensor, Tensor?) {
    let own = scores.gathered(at: cells.table, along: 1) * (1 / push.sharpness)
    scores.setElementsInPlace(at: cells.positions, to: -.infinity)
    var kept = cells.counted
    var others = scores
    if let miningMargin {
      let closest = scores.maximum(along: 1, keepingDimensions: true) * (1 / push.sharpness)
      let farthest = own.replacing(where: kept.logicalNot(), with: .infinity)
        .minimum(along: 1, keepingDimensions: true)
      kept = kept.logicalAnd((own - miningMargin).isLess(than: closest))
      let limit = (farthest - miningMargin) * push.sharpness
      others = scores.replacing(where: scores.isGreater(than: limit).logicalNot(), with: -.infinity)
    }
    let pass = RunningLogSumExp(
      count: scores.size(along: 0), dtype: scores.dtype, device: scores.device)
    pass.add(others)
    let all = pass.value
    let beyond = all - push.sharpness * push.base
    let pushed = beyond.relu() + (-beyond.magnitude()).exp().logOnePlus()
    let exponents = (pull.base - own) * pull.sharpness
    let pulled = exponents.logOnePlusSumExp(where: kept)
    let sum =
      pushed.sum() * push.weight + pulled.converted(to: .float64).sum() * pull.weight
    guard wantsSlope else { return (sum, nil) }
    let shift = all.replacing(where: all.isFinite().logicalNot(), with: 0)
    others.writeExponentials(
      shift: shift.converted(to: scores.dtype),
      scale: (beyond.sigmoid() * (push.weight * push.sharpness)).converted(to: scores.dtype),
      to: others)
    let slopes =
      (exponents - pulled.expandingDimension(at: 1)).exp() * (-pull.weight * pull.sharpness)
    others.setElementsInPlace(
      at: cells.positions, to: slopes.replacing(where: kept.logicalNot(), with: 0).reshaped([-1]))
    return (sum, others)
  }
}

/// The own columns of a block of rows, padded to one length.
private struct OwnCells {
  /// `[B, K]` int64: columns.
  var table: Tensor
  /// `[B, K]`: which of them are the row's own.
  var counted: Tensor
  /// `[B · K]` int64: their places in `[B, padding + 1]`.
  var positions: Tensor

  /// - Parameters:
  ///   - row: the first row's own column, nil where rows are no columns.
  ///   - padding: the column that is no one's, the last; every row has it at least once.
  init(_ own: ArraySlice<[Int]>, row: Int?, padding: Int) {
    let width = (own.map(\.count).max() ?? 0) + 1
    var columns: [Int] = []
    var places: [Int] = []
    var counted: [Bool] = []
    columns.reserveCapacity(own.count * width)
    places.reserveCapacity(own.count * width)
    counted.reserveCapacity(own.count * width)
    for (place, some) in own.enumerated() {
      let itself = row.map { $0 + place }
      for index in 0..<width {
        let column = index < some.count ? some[some.startIndex + index] : padding
        columns.append(column)
        places.append(place * (padding + 1) + column)
        counted.append(column != padding && column != itself)
      }
    }
    table = Tensor(columns, shape: [own.count, width])
    positions = Tensor(places)
    self.counted = Tensor(counted, shape: [own.count, width])
  }

  func moved(to device: Device) -> OwnCells {
    var cells = self
    cells.table = table.moved(to: device)
    cells.counted = counted.moved(to: device)
    cells.positions = positions.moved(to: device)
    return cells
  }
}
