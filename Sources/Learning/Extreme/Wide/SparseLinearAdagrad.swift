import Storage
public import Torch

/// Adagrad for the weights of a `SparseLinear`, updating only the pairs of the batch's features.
///
///     G ← G + g²
///     w ← w − η g / (√G + ε)
///
/// with g the gradient of a weight, G the sum of its squares so far and η the learning rate.
///
/// - Paper: Duchi, Hazan, Singer. Adaptive Subgradient Methods for Online Learning and Stochastic
///   Optimization. JMLR 2011. <https://jmlr.org/papers/v12/duchi11a.html>
/// - Gradient: consumes the gradient accumulated in a batch's `SparseLinearScores`, without
///   libtorch.
/// - Units: those of the weights, nats; a weight's first step has length η.
/// - Departures: the paper's update with a diagonal matrix and without regularisation; ε is outside
///   the square root, as in PyTorch. Memory: 4 bytes per pair.
public final class SparseLinearAdagrad: SparseLinearOptimizer {
  /// The learning rate η.
  public var learningRate: Double
  private let epsilon: Double
  private let accumulators: Tensor

  /// Creates an optimiser of `model`'s weights.
  public init(_ model: SparseLinear, learningRate: Double, epsilon: Double = 1e-10) {
    self.learningRate = learningRate
    self.epsilon = epsilon
    accumulators = .zeros(like: model.weights)
  }

  /// Updates the weights by the gradient accumulated in `scores`, and discards it.
  public func step(_ scores: SparseLinearScores) {
    guard let gradient = scores.gradient else { return }
    let weights = scores.source.weights
    if weights.dtype == .float32 {
      step(weights, scores.features, gradient)
    } else if let gradient = scores.denseGradient() {
      accumulators.addInPlace(gradient.squared())
      weights.addInPlace(
        gradient / (accumulators.squareRoot() + epsilon) * -learningRate)
    }
    scores.clearGradient()
  }

  /// The accumulators as "sum".
  public var state: [String: Tensor] { ["sum": accumulators] }

  /// Restores a saved `state`.
  public func restore(_ state: [String: Tensor]) throws {
    guard let sum = state["sum"], sum.shape == accumulators.shape, sum.dtype == accumulators.dtype
    else {
      throw ValueError(
        "optimizer state",
        reason: "sum is \(state["sum"].map { "\($0.dtype) of shape \($0.shape)" } ?? "missing")",
        expected: "\(accumulators.dtype) of shape \(accumulators.shape)")
    }
    accumulators.copyInPlace(from: sum)
  }

  private func step(_ weights: Tensor, _ features: SparseLinearScores.Features, _ gradient: Tensor)
  {
    let rate = Float(learningRate)
    let epsilon = Float(epsilon)
    weights.withUnsafeMutableElements(of: Float.self) { weights in
      accumulators.withUnsafeMutableElements(of: Float.self) { sums in
        gradient.withUnsafeBytes { bytes in
          guard let weights = weights.baseAddress, let sums = sums.baseAddress,
            let gradients = bytes.bindMemory(to: Float.self).baseAddress
          else { return }
          nonisolated(unsafe) let moved = (weights: weights, sums: sums, gradients: gradients)
          features.withRows { rows in
            concurrently(features.count) { numbers in
              PairKernels.adagrad(
                rows: rows, numbers: numbers, gradient: moved.gradients, rate: rate,
                epsilon: epsilon, sums: moved.sums, weights: moved.weights)
            }
          }
        }
      }
    }
  }
}
