import Foundation
public import Torch

/// How much two matrices of relations differ, under the best matching of their nodes.
///
/// With plans T ≥ 0 whose rows sum to 1 / N and whose columns sum to 1 / M:
///
///     GW²(A, B) = minₜ Σᵢⱼₖₗ (Aᵢₖ − Bⱼₗ)² Tᵢⱼ Tₖₗ
///
/// The plan is found with an entropy of weight ε added: Sinkhorn's steps on the gradient of the
/// cost at the plan before, from T = 1 / NM. (Peyré, Cuturi, Solomon. Gromov-Wasserstein Averaging
/// of Kernel and Distance Matrices. ICML 2016.) Matrices are symmetric.
public struct GromovWasserstein: Codable, Hashable, Sendable {
  /// The weight ε of the entropy, in the units of the squared differences.
  public var regularization: Double
  /// The largest number of plans.
  public var iterations: Int
  /// The largest number of Sinkhorn's steps for each plan.
  public var innerIterations: Int
  /// Plans and their sums may be off by so much, in total.
  public var tolerance: Double

  /// Creates the settings; all defaults are ours.
  public init(
    regularization: Double = 0.005, iterations: Int = 20, innerIterations: Int = 100,
    tolerance: Double = 1e-7
  ) {
    self.regularization = regularization
    self.iterations = iterations
    self.innerIterations = innerIterations
    self.tolerance = tolerance
  }

  /// The cost GW² under the plan that is found; the gradient takes the plan as constant.
  ///
  /// - Parameters:
  ///   - first: A, `[N, N]` float64.
  ///   - second: B, `[M, M]` float64.
  /// - Returns: a scalar, differentiable in both matrices.
  /// - Precondition: square matrices that are not empty.
  /// - Complexity: O(iterations · (N²M + NM² + innerIterations · NM)) time, O(NM) memory.
  public func callAsFunction(_ first: Tensor, _ second: Tensor) -> Tensor {
    let plan = withoutGradients { self.plan(first.detached(), second.detached()) }
    return (Self.costs(first, second, under: plan) * plan).sum()
  }

  /// The plan T, `[N, M]`, without gradients.
  public func plan(_ first: Tensor, _ second: Tensor) -> Tensor {
    let (rows, columns) = (first.size(along: 0), second.size(along: 0))
    var plan = Tensor.full([rows, columns], 1 / Double(rows * columns), dtype: .float64)
    for _ in 0..<iterations {
      // The gradient is twice the costs, as each plan enters twice.
      let next = transport(2 * Self.costs(first, second, under: plan))
      let change = (next - plan).magnitude().sum().scalar
      plan = next
      if change < tolerance { break }
    }
    return plan
  }

  /// The cost of matching each pair of nodes if the others are matched by `plan`, `[N, M]`.
  ///
  /// The sums are the plan's, which a small ε leaves off: so no cost is negative.
  private static func costs(_ first: Tensor, _ second: Tensor, under plan: Tensor) -> Tensor {
    first.squared().matmul(plan.sum(along: 1, keepingDimensions: true))
      + second.squared().matmul(plan.sum(along: 0).expandingDimension(at: 1)).transposed()
      - 2 * first.matmul(plan).matmul(second.transposed())
  }

  /// Sinkhorn's plan for costs, in logarithms: a small ε would make its kernel 0.
  private func transport(_ costs: Tensor) -> Tensor {
    let (rows, columns) = (costs.size(along: 0), costs.size(along: 1))
    let kernel = costs * (-1 / regularization)
    var right = Tensor.zeros([1, columns], dtype: .float64)
    var plan = kernel
    for step in 1...max(innerIterations, 1) {
      let left =
        -log(Double(rows)) - (kernel + right).logSumExp(along: 1, keepingDimensions: true)
      right = -log(Double(columns)) - (kernel + left).logSumExp(along: 0, keepingDimensions: true)
      guard step % 10 == 0 || step == innerIterations else { continue }
      plan = (kernel + left + right).exp()
      let error = (plan.sum(along: 1) - 1 / Double(rows)).magnitude().sum().scalar
      if error < tolerance { break }
    }
    return plan
  }
}
