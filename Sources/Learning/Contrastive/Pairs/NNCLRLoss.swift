import Kernels
public import Torch

/// The cross-entropy of identifying, among a batch's predictions, the one of the neighbour.
///
/// The nearest neighbour of a view replaces the view. With nᵢ the neighbour of the first view of
/// example i in a queue, and pᵢ the prediction from its second view, each scaled to unit length:
///
///     L = (1 / N) Σᵢ (log Σₖ exp(nᵢ · pₖ / τ) − nᵢ · pᵢ / τ)
///
/// averaged with the same loss with the views swapped.
///
/// - Inputs: two views
/// - Paper: Dwibedi, Aytar, Tompson, Sermanet, Zisserman. With a Little Help from My Friends:
///   Nearest-Neighbor Contrastive Learning of Visual Representations. ICCV 2021, the loss
///   and algorithm 1. <https://arxiv.org/abs/2104.14548>
/// - Gradient: reaches the predictions. Neighbours are constants.
/// - Units: nats, averaged over examples and views. If all rows are equal, it is log N.
/// - Departures: none from the algorithm.
/// - Degenerate: a single example has loss 0.
public struct NNCLRLoss: Codable, Hashable, Sendable {
  /// The temperature τ > 0 that divides cosines; default 0.1, from the paper.
  public var temperature: Double

  /// Creates the loss.
  public init(temperature: Double = 0.1) { self.temperature = temperature }

  /// The loss of one direction.
  ///
  /// - Parameters:
  ///   - neighbours: `[N, D]`, the neighbours of one view.
  ///   - predictions: `[N, D]`, from the other view.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: equal shapes, N > 0, τ > 0.
  /// - Complexity: O(N² · D) time, O(N · (D + 1000)) memory.
  public func callAsFunction(neighbours: Tensor, predictions: Tensor) throws -> Tensor {
    try perExample(neighbours: neighbours, predictions: predictions).mean()
  }

  /// The cross-entropy of each example in one direction, `[N]`, under the same preconditions.
  public func perExample(neighbours: Tensor, predictions: Tensor) throws -> Tensor {
    checkViews([neighbours, predictions])
    checkTemperature(temperature)
    let (near, rows) = try checked {
      (neighbours.detached().normalized(), predictions.normalized())
    }
    let all = try RowLogSumExp(temperature: temperature)(queries: near, keys: rows)
    return try checked {
      all - near.rowProducts(with: rows) * (1 / temperature)
    }
  }

  /// The loss of both directions.
  ///
  /// - Parameters:
  ///   - first: the neighbours of the first view and the predictions from it, each `[N, D]`.
  ///   - second: the same for the second view.
  public func callAsFunction(
    first: (neighbours: Tensor, predictions: Tensor),
    second: (neighbours: Tensor, predictions: Tensor)
  ) throws -> Tensor {
    let forth = try self(neighbours: first.neighbours, predictions: second.predictions)
    let back = try self(neighbours: second.neighbours, predictions: first.predictions)
    return try checked { (forth + back) * 0.5 }
  }
}
