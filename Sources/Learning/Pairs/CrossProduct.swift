internal import Torch

/// What `(Aᵀ B) · scale` says to losses that treat its diagonal apart, A and B two matrices `[N, D]`
/// with their columns shifted to mean 0.
///
/// Where the products are `[D, D]` only the matrices as they were given are kept for the gradient.
struct CrossProduct {
  /// `[D]`, the diagonal.
  let diagonal: Tensor
  /// Σ of the squares of the others.
  let others: Tensor

  /// The sum of squares is also that of A Aᵀ times B Bᵀ element by element; the smaller products are
  /// made: O(N · D · min(N, D)) time, O(min(N, D)² + N · D) memory.
  ///
  /// Differentiable once.
  ///
  /// - Parameter epsilon: what is added to the variances by whose roots columns are divided; nil
  ///   divides by nothing.
  init(_ first: Tensor, _ second: Tensor, dividing epsilon: Double? = nil, scale: Double) throws {
    let (count, width) = (first.size(along: 0), first.size(along: 1))
    let squares: Tensor
    if count < width {
      let (a, b) = (
        ShiftedColumns(first, epsilon: epsilon).rows, ShiftedColumns(second, epsilon: epsilon).rows
      )
      squares =
        (a.matmul(a.transposed()) * b.matmul(b.transposed())).sum() * (scale * scale)
      diagonal = (a * b).sum(along: 0) * scale
    } else {
      let product = try Self.product(first, second, epsilon: epsilon) * scale
      squares = product.squared().sum()
      diagonal = product.elements(
        at: Tensor((0..<width).map { $0 * (width + 1) }).moved(to: product.device))
    }
    others = squares - diagonal.squared().sum()
  }

  /// Aᵀ B, by the product that is fast on every processor.
  private static func product(_ first: Tensor, _ second: Tensor, epsilon: Double?) throws -> Tensor
  {
    let isOne = first.isSame(as: second)
    let function = CustomFunction<Void>("CrossProduct") { inputs in
      let shifted = inputs.map { ShiftedColumns($0, epsilon: epsilon).rows }
      let rows = shifted[0].transposed().contiguous()
      return ([rows.productWithTransposed(shifted[isOne ? 0 : 1].transposed())], ())
    } backward: { context, given in
      guard let slope = given[0] else { return context.inputs.map { _ in nil } }
      let shifted = context.inputs.map { ShiftedColumns($0, epsilon: epsilon) }
      if isOne {
        let both = slope + slope.transposed()
        return [shifted[0].gradient(from: shifted[0].rows.productWithTransposed(both))]
      }
      let slopes = [slope, slope.transposed()]
      return context.needsGradient.indices.map { side in
        guard context.needsGradient[side] else { return nil }
        return shifted[side].gradient(
          from: shifted[1 - side].rows.productWithTransposed(slopes[side]))
      }
    }
    return try isOne ? function(first)[0] : function(first, second)[0]
  }
}

/// A matrix with its columns shifted to mean 0, and divided by the roots of their variances.
private struct ShiftedColumns {
  let rows: Tensor
  private let factors: Tensor?

  init(_ matrix: Tensor, epsilon: Double?) {
    let centred = matrix - matrix.mean(along: 0)
    factors = epsilon.map { (centred.squared().mean(along: 0) + $0).reciprocalSquareRoot() }
    rows = factors.map { centred * $0 } ?? centred
  }

  /// ∂L/∂matrix from ∂L/∂rows, whose columns have mean 0 where they are mixed from such columns.
  func gradient(from slope: Tensor) -> Tensor {
    guard let factors else { return slope }
    var result = slope
    result -= rows * (slope * rows).mean(along: 0)
    result *= factors
    return result
  }
}
