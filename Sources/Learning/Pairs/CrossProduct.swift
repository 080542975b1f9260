internal import Torch

/// What `(Aᵀ B) · scale` of two matrices `[N, D]` says to losses that treat its diagonal apart.
struct CrossProduct {
  /// `[D]`, the diagonal.
  let diagonal: Tensor
  /// Σ of the squares of the others.
  let others: Tensor

  /// The sum of squares is also that of A Aᵀ times B Bᵀ element by element; the smaller products are
  /// made: O(N · D · min(N, D)) time, O(min(N, D)²) memory.
  ///
  /// Differentiable once.
  init(_ first: Tensor, _ second: Tensor, scale: Double) throws {
    let (count, width) = (first.size(along: 0), first.size(along: 1))
    let squares: Tensor
    if count < width {
      let products = first.matmul(first.transposed()) * second.matmul(second.transposed())
      squares = products.sum() * (scale * scale)
      diagonal = (first * second).sum(along: 0) * scale
    } else {
      let product = try Self.columns(first, second) * scale
      squares = product.squared().sum()
      diagonal = product.elements(
        at: Tensor((0..<width).map { $0 * (width + 1) }).moved(to: product.device))
    }
    others = squares - diagonal.squared().sum()
  }
  /// Aᵀ B, by the product that is fast on every processor.
  private static func columns(_ first: Tensor, _ second: Tensor) throws -> Tensor {
    let function = CustomFunction<Void>("CrossProduct") { inputs in
      let rows = inputs[0].transposed().contiguous()
      return ([rows.productWithTransposed(inputs[1].transposed())], ())
    } backward: { context, given in
      guard let slope = given[0] else { return [nil, nil] }
      let inputs = context.inputs.map { $0.contiguous() }
      return [
        context.needsGradient[0] ? inputs[1].productWithTransposed(slope) : nil,
        context.needsGradient[1] ? inputs[0].productWithTransposed(slope.transposed()) : nil,
      ]
    }
    return try function(first, second)[0]
  }
}
