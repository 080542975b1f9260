internal import Torch

extension Tensor {
  /// Σᵢⱼ ((Aᵀ B)ᵢⱼ)² of two matrices `[N, D]`.
  ///
  /// It is the sum of A Aᵀ times B Bᵀ element by element, too; the smaller products are made:
  /// O(N · D · min(N, D)) time, O(min(N, D)²) memory.
  func squaredCrossProduct(_ other: Tensor) -> Tensor {
    size(along: 0) < size(along: 1)
      ? (matmul(transposed()) * other.matmul(other.transposed())).sum()
      : transposed().matmul(other).squared().sum()
  }
}
