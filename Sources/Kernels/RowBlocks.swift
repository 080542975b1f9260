package import Torch

/// A loss that compares each row with all columns, one block of rows at a time, with eager gradients.
///
/// For losses whose terms of a row do not depend on other rows' comparisons: the `[N, M]` scores, and
/// everything derived from them, exist for one block only. The gradient of a block is computed right
/// after its value, so that the backward pass only multiplies by the upstream gradient.
///
/// Differentiable once. O(block · M + (N + M) · D) memory.
package struct RowBlocks {
  /// Rows per block; nil chooses by `BlockSize`.
  package var blockSize: Int?

  /// Creates the engine.
  package init(blockSize: Int? = nil) { self.blockSize = blockSize }

  /// The sum over the terms of some rows, and the number of terms, a constant.
  package typealias Part = (sum: Tensor, count: Tensor)

  /// The mean over the terms of all blocks, differentiated by libtorch.
  ///
  ///     L = Σ_blocks sum / max(Σ_blocks count, 1)
  ///
  /// - Parameters:
  ///   - rows: `[N, D]`.
  ///   - columns: `[M, D]`, may be the same tensor.
  ///   - part: the sum over the terms of the rows of a range, differentiable in both tensors.
  package func mean(
    rows: Tensor, columns: Tensor,
    of part: @escaping (_ rows: Tensor, _ columns: Tensor, _ range: Range<Int>) throws -> Part
  ) throws -> Tensor {
    let size = BlockSize.rows(blockSize, columns: columns.size(along: 0))
    let wanted = [rows, columns].map { gradientsAreEnabled && $0.requiresGradient }
    return try Self.eagerly("RowBlocks", rows, columns) { rows, columns in
      var total = Tensor.zeros([], dtype: rows.dtype, device: rows.device)
      var terms = total
      var ofRows: [Tensor] = []
      var ofColumns: Tensor?
      let allColumns = columns.requiringGradient(wanted[1])
      for range in (0..<rows.size(along: 0)).blocks(of: size) {
        let some = rows[range].requiringGradient(wanted[0])
        let (sum, count) = try withGradients { try part(some, allColumns, range) }
        total = total + sum.detached()
        terms = terms + count
        guard wanted.contains(true) else { continue }
        let leaves = zip([some, allColumns], wanted).filter(\.1).map(\.0)
        var given: [Tensor?] =
          sum.requiresGradient
          ? try gradients(of: sum, withRespectTo: leaves) : leaves.map { _ in nil }
        if wanted[0] { ofRows.append(given.removeFirst() ?? .zeros(like: some)) }
        if wanted[1], let block = given.removeFirst() {
          ofColumns = ofColumns.map { $0 + block } ?? block
        }
      }
      let scale = 1 / terms.clamped(from: 1)
      return (
        total * scale, ofRows.isEmpty ? nil : .concatenated(ofRows) * scale,
        ofColumns.map { $0 * scale }
      )
    }
  }

  /// The sum over all blocks of a function of the inner products, with its gradient in closed form.
  ///
  /// - Parameters:
  ///   - name: the name of the loss in libtorch's messages.
  ///   - rows: `[N, D]`.
  ///   - columns: `[M, D]`, may be the same tensor.
  ///   - factor: multiplies the inner products.
  ///   - weight: multiplies the sum.
  ///   - block: for the products of a range of rows with all columns, `[rows, M]`, their sum as
  ///     float64 and, where one is wanted, `weight` times its gradient by the inner products. It may
  ///     overwrite the products.
  package func sum(
    _ name: String, rows: Tensor, columns: Tensor, factor: Double, weight: Double = 1,
    of block:
      @escaping (_ products: Tensor, _ range: Range<Int>, _ wantsGradient: Bool) throws
      -> (sum: Tensor, gradient: Tensor?)
  ) throws -> Tensor {
    let size = BlockSize.rows(
      blockSize, columns: columns.size(along: 0), scores: BlockSize.scores)
    let wantsGradient =
      gradientsAreEnabled && (rows.requiresGradient || columns.requiresGradient)
    return try Self.eagerly(name, rows, columns) { rows, columns in
      let (rows, columns) = (rows.detached(), columns.detached())
      var total = Tensor.zeros([], dtype: .float64, device: rows.device)
      var ofRows: [Tensor] = []
      let ofColumns = Tensor.zeros(like: columns)
      for range in (0..<rows.size(along: 0)).blocks(of: size) {
        let some = rows[range]
        let (sum, gradient) = try block(
          (some * factor).productWithTransposed(columns), range, wantsGradient)
        total = total + sum
        guard let gradient else { continue }
        ofRows.append(gradient.productWithTransposed(columns.transposed()))
        ofColumns.addInPlace(gradient.transposed().matmul(some))
      }
      let value = (total * weight).converted(to: rows.dtype)
      guard wantsGradient else { return (value, nil, nil) }
      return (value, ofRows.isEmpty ? .zeros(like: rows) : .concatenated(ofRows), ofColumns)
    }
  }

  /// A number with its gradients, which the backward pass multiplies by the upstream gradient.
  private static func eagerly(
    _ name: String, _ rows: Tensor, _ columns: Tensor,
    _ body:
      @escaping (_ rows: Tensor, _ columns: Tensor) throws
      -> (value: Tensor, ofRows: Tensor?, ofColumns: Tensor?)
  ) throws -> Tensor {
    let function = CustomFunction<[Tensor?]>(name) { inputs in
      let (value, ofRows, ofColumns) = try body(inputs[0], inputs[1])
      return ([value], [ofRows, ofColumns])
    } backward: { context, upstream in
      context.state.map { gradient in
        upstream[0].flatMap { factor in gradient.map { $0 * factor } }
      }
    }
    return try function(rows, columns)[0]
  }
}
