internal import Torch

/// What `(Aᵀ B) · scale` of two matrices `[N, D]` says to losses that treat its diagonal apart.
struct CrossProduct {
  /// `[D]`, the diagonal.
  let diagonal: Tensor
  /// Σ of the squares of the others.
  let others: Tensor

  /// The sum of squares is also that of A Aᵀ times B Bᵀ element by element; the smaller products are
  /// made: O(N · D · min(N, D)) time, O(min(N, D)²) memory.
  init(_ first: Tensor, _ second: Tensor, scale: Double) {
    let (count, width) = (first.size(along: 0), first.size(along: 1))
    let squares: Tensor
    if count < width {
      let products = first.matmul(first.transposed()) * second.matmul(second.transposed())
      squares = products.sum() * (scale * scale)
      diagonal = (first * second).sum(along: 0) * scale
    } else {
      let product = first.transposed().matmul(second) * scale
      squares = product.squared().sum()
      diagonal = product.elements(
        at: Tensor((0..<width).map { $0 * (width + 1) }).moved(to: product.device))
    }
    others = squares - diagonal.squared().sum()
  }
}
