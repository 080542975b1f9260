import Testing
import Torch

@testable import Kernels

@Suite struct CrossProductTests {
  /// The same by recorded operations, all rows at once.
  private func reference(_ a: Tensor, _ b: Tensor, epsilon: Double?) -> (Tensor, Tensor) {
    let rows = [a, b].map { matrix in
      let shifted = matrix - matrix.mean(along: 0)
      return epsilon.map {
        shifted / (shifted.squared().mean(along: 0) + $0).squareRoot()
      } ?? shifted
    }
    let product = rows[0].transposed().matmul(rows[1]) * 0.5
    let width = a.size(along: 1)
    let diagonal = product.elements(at: Tensor((0..<width).map { $0 * (width + 1) }))
    return (diagonal, product.squared().sum() - diagonal.squared().sum())
  }

  private func matrix(_ count: Int, _ width: Int, seed: UInt64) -> Tensor {
    let normal = Tensor.normal(
      [count, width], generator: Generator(seed: seed), dtype: .float64)
    return (normal + 3).requiringGradient()
  }

  /// More rows than a block has, less than one, fewer rows than columns.
  @Test(arguments: [5000, 4096, 7, 3])
  func `agrees with recorded operations`(count: Int) throws {
    let (a, b) = (matrix(count, 5, seed: 1), matrix(count, 5, seed: 2))
    for epsilon in [nil, 0.01] {
      func both(_ diagonal: Tensor, _ others: Tensor) -> Tensor {
        (diagonal * Tensor((0..<5).map(Double.init))).sum() + others
      }
      let own =
        try epsilon.map { try CrossProduct(a, b, epsilon: $0, scale: 0.5) }
        ?? CrossProduct(of: a, scale: 0.5)
      let other = reference(a, epsilon == nil ? a : b, epsilon: epsilon)
      let leaves = epsilon == nil ? [a] : [a, b]
      let (value, expected) = (both(own.diagonal, own.others), both(other.0, other.1))
      #expect(abs(value.scalar - expected.scalar) <= 1e-12 * abs(expected.scalar))
      let slopes = try gradients(of: value, withRespectTo: leaves)
      let wanted = try gradients(of: expected, withRespectTo: leaves)
      for (slope, want) in zip(slopes, wanted) {
        let (found, right) = (try #require(slope).doubles(), try #require(want).doubles())
        let size = right.map(abs).max() ?? 0
        #expect(zip(found, right).allSatisfy { abs($0 - $1) <= 1e-11 * size })
      }
    }
  }
}
