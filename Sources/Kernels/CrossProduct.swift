package import Torch

/// The diagonal of `Aᵀ B · scale` and the sum of squares of the other elements, for two matrices
/// A and B `[N, D]` whose columns are shifted to mean 0.
///
/// The sum of squares is also that of A Aᵀ times B Bᵀ element by element; the smaller products are
/// computed: O(N · D · min(N, D)) time, O(min(N, D)² + N · D) memory. Differentiable once.
package struct CrossProduct {
  /// `[D]`, the diagonal.
  package let diagonal: Tensor
  /// Σ of the squares of the others.
  package let others: Tensor

  /// Columns against each other.
  package init(of matrix: Tensor, scale: Double) throws {
    if matrix.size(along: 0) < matrix.size(along: 1) {
      let rows = matrix - matrix.mean(along: 0)
      self.init(rows, rows, scale: scale)
    } else {
      self.init(product: try Self.product(matrix) * scale)
    }
  }

  /// Columns of one matrix against those of another, each divided by the root of its variance.
  ///
  /// - Parameter epsilon: added to the variances.
  package init(_ first: Tensor, _ second: Tensor, epsilon: Double, scale: Double) throws {
    if first.size(along: 0) < first.size(along: 1) {
      let rows = [first, second].map { matrix in
        let shifted = matrix - matrix.mean(along: 0)
        return shifted * (shifted.squared().mean(along: 0) + epsilon).reciprocalSquareRoot()
      }
      self.init(rows[0], rows[1], scale: scale)
    } else {
      self.init(product: try Self.product(first, second, epsilon: epsilon) * scale)
    }
  }

  private init(_ a: Tensor, _ b: Tensor, scale: Double) {
    diagonal = (a * b).sum(along: 0) * scale
    let squares = (a.matmul(a.transposed()) * b.matmul(b.transposed())).sum() * (scale * scale)
    others = squares - diagonal.squared().sum()
  }

  private init(product: Tensor) {
    let width = product.size(along: 0)
    diagonal = product.elements(
      at: Tensor((0..<width).map { $0 * (width + 1) }).moved(to: product.device))
    others = product.squared().sum() - diagonal.squared().sum()
  }

  /// Aᵀ A; the backward pass keeps only the matrix itself.
  private static func product(_ matrix: Tensor) throws -> Tensor {
    try CustomFunction<Void>("CrossProduct") { inputs in
      let blocks = ShiftedBlocks(inputs)
      let result = blocks.zeros
      blocks.forEach { result.addInPlace($0.product(0, 0)) }
      return ([result], ())
    } backward: { context, upstream in
      guard let upstream = upstream[0] else { return [nil] }
      let both = upstream + upstream.transposed()
      let result = Tensor.zeros(like: context.inputs[0])
      ShiftedBlocks(context.inputs).forEach {
        result[$0.range].copyInPlace(from: $0.rows[0].productWithTransposed(both))
      }
      return [result]
    }(matrix)[0]
  }

  /// Aᵀ B with divided columns; the backward pass keeps only the matrices themselves.
  ///
  /// Columns are divided in `[D, D]`, after the product and before its gradient.
  private static func product(_ first: Tensor, _ second: Tensor, epsilon: Double) throws -> Tensor {
    try CustomFunction<(product: Tensor, factors: [Tensor])>("CrossProduct") { inputs in
      let blocks = ShiftedBlocks(inputs)
      let (product, squares) = (blocks.zeros, [blocks.zeros[0], blocks.zeros[0]])
      blocks.forEach { block in
        product.addInPlace(block.product(0, 1))
        for side in [0, 1] {
          squares[side].addInPlace(block.rows[side].squared().sum(along: 0))
        }
      }
      let factors = squares.map { ($0 / Double(blocks.count) + epsilon).reciprocalSquareRoot() }
      product.multiplyInPlace(by: factors[0].expandingDimension(at: 1) * factors[1])
      return ([product], (product.detached(), factors))
    } backward: { context, upstream in
      guard let upstream = upstream[0] else { return [nil, nil] }
      let (product, factors) = context.state
      let inner = upstream * factors[0].expandingDimension(at: 1) * factors[1]
      let (outer, blocks) = ([inner, inner.transposed()], ShiftedBlocks(context.inputs))
      // Longer columns have the same correlations, so the gradient along a column is 0.
      let along = product * upstream / Double(blocks.count)
      let lengths = [0, 1].map { along.sum(along: 1 - $0) * factors[$0].squared() }
      let results = context.inputs.map { Tensor.zeros(like: $0) }
      blocks.forEach { block in
        for side in [0, 1] {
          let result = block.rows[1 - side].productWithTransposed(outer[side])
          result.subtractInPlace(block.rows[side] * lengths[side])
          results[side][block.range].copyInPlace(from: result)
        }
      }
      return results
    }(first, second)[0]
  }
}

/// Matrices of one shape, some rows at a time, with their columns shifted to mean 0.
private struct ShiftedBlocks {
  /// The rows of a range of every matrix.
  struct Block {
    let range: Range<Int>
    let rows: [Tensor]

    /// Aᵀ B of two of them, by the product that is fast on every processor.
    func product(_ first: Int, _ second: Int) -> Tensor {
      rows[first].transposed().contiguous().productWithTransposed(rows[second].transposed())
    }
  }

  private static let size = 4096
  private let matrices: [Tensor]
  private let means: [Tensor]

  init(_ matrices: [Tensor]) {
    self.matrices = matrices
    means = matrices.map { $0.mean(along: 0) }
  }

  /// The number of rows.
  var count: Int { matrices[0].size(along: 0) }

  /// `[D, D]`.
  var zeros: Tensor {
    let width = matrices[0].size(along: 1)
    return .zeros([width, width], dtype: matrices[0].dtype, device: matrices[0].device)
  }

  func forEach(_ body: (Block) -> Void) {
    for range in (0..<count).blocks(of: Self.size) {
      body(Block(range: range, rows: zip(matrices, means).map { $0[range] - $1 }))
    }
  }
}
