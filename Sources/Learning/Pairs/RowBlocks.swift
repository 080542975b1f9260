internal import Torch

/// A mean over rows of which each is compared with all columns, a block of rows at a time.
///
/// For losses whose terms of a row need nothing of other rows' comparisons: the `[N, M]` scores, and
/// whatever is derived from them, exist for one block only. The gradient of a block is taken right
/// after its value, so that the backward pass has nothing to keep but the gradients themselves:
///
///     L = Σ_blocks sum / max(Σ_blocks count, 1)
///
/// Differentiable once. O(block · M + (N + M) · D) memory.
struct RowBlocks {
  /// What a block adds: a sum, and how many terms there are in it, a constant.
  typealias Part = (sum: Tensor, count: Tensor)
  /// About how many comparisons are held at a time: 2 MB an intermediate in float64.
  static let comparisons = 1 << 18

  /// Rows at a time; nil is as many as make `comparisons`.
  var blockSize: Int?

  /// The mean over the terms of all blocks.
  ///
  /// - Parameters:
  ///   - rows: `[N, D]`.
  ///   - columns: `[M, D]`, may be the same tensor.
  ///   - part: the sum over the terms of the rows of a range, differentiable in both tensors.
  func mean(
    rows: Tensor, columns: Tensor,
    of part: @escaping (_ rows: Tensor, _ columns: Tensor, _ range: Range<Int>) throws -> Part
  ) throws -> Tensor {
    let size = blockSize ?? max(1, Self.comparisons / max(columns.size(along: 0), 1))
    precondition(size > 0, "a block of \(size) rows")
    let wanted = [rows, columns].map { gradientsAreEnabled && $0.requiresGradient }
    let function = CustomFunction<[Tensor?]>("RowBlocks") { inputs in
      let count = inputs[0].size(along: 0)
      var total = Tensor.zeros([], dtype: inputs[0].dtype, device: inputs[0].device)
      var terms = total
      var slopes: [Tensor?] = [nil, nil]
      var ofRows: [Tensor] = []
      let allColumns = inputs[1].requiringGradient(wanted[1])
      for start in stride(from: 0, to: count, by: size) {
        let range = start..<min(start + size, count)
        let some = inputs[0][range].requiringGradient(wanted[0])
        let found = try withGradients { try part(some, allColumns, range) }
        total = total + found.sum.detached()
        terms = terms + found.count
        guard wanted.contains(true) else { continue }
        let leaves = zip([some, allColumns], wanted).filter(\.1).map(\.0)
        var given: [Tensor?] =
          found.sum.requiresGradient
          ? try gradients(of: found.sum, withRespectTo: leaves) : leaves.map { _ in nil }
        if wanted[0] { ofRows.append(given.removeFirst() ?? .zeros(like: some)) }
        if wanted[1], let slope = given.removeFirst() {
          slopes[1] = slopes[1].map { $0 + slope } ?? slope
        }
      }
      if !ofRows.isEmpty { slopes[0] = .concatenated(ofRows) }
      let scale = 1 / terms.clamped(from: 1)
      return ([total * scale], slopes.map { $0.map { $0 * scale } })
    } backward: { context, upstream in
      context.state.map { slope in upstream[0].flatMap { factor in slope.map { $0 * factor } } }
    }
    return try function(rows, columns)[0]
  }
}
