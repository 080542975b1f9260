import Kernels
public import Torch

/// The normalised, temperature-scaled cross-entropy between two views of a batch.
///
/// Pulls the two views of each example together and pushes all other rows of the batch away. With
/// zᵢ the 2N rows of both views, each scaled to unit length, and p(i) the row of the other view of
/// row i:
///
///     sᵢₖ = zᵢ · zₖ / τ
///     ℓᵢ  = −sᵢ,ₚ₍ᵢ₎ + log Σ_{k ≠ i} exp sᵢₖ
///     L   = (1 / 2N) Σᵢ ℓᵢ
///
/// - Inputs: two views
/// - Paper: Chen, Kornblith, Norouzi, Hinton. A Simple Framework for Contrastive Learning of Visual
///   Representations. ICML 2020, equation 1 and algorithm 1. <https://arxiv.org/abs/2002.05709>
/// - Gradient: reaches both views.
/// - Units: nats, averaged over the 2N anchors. If all rows are equal, it is log(2N − 1).
/// - Departures: none from the paper. The authors' code returns the sum of the two views' means,
///   twice this value. The score matrix is never materialised.
/// - Degenerate: a single example has loss 0. A row of length 0 stays 0.
public struct NTXentLoss: Codable, Hashable, Sendable {
  /// The temperature τ > 0 that divides cosines; default 0.1, from the authors' code.
  public var temperature: Double

  /// Creates the loss.
  public init(temperature: Double = 0.1) { self.temperature = temperature }

  /// The loss of two views.
  ///
  /// - Parameters:
  ///   - first: `[N, D]`.
  ///   - second: `[N, D]`; row i is the other view of the same example.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: equal shapes, N > 0, τ > 0.
  /// - Complexity: O(N² · D) time, O(N · (D + 1000)) memory.
  public func callAsFunction(first: Tensor, second: Tensor) throws -> Tensor {
    try perExample(first: first, second: second).mean()
  }

  /// The mean of ℓ over each example's two rows, `[N]`, under the same preconditions.
  public func perExample(first: Tensor, second: Tensor) throws -> Tensor {
    checkViews([first, second])
    checkTemperature(temperature)
    let count = first.size(along: 0)
    let rows = try checked { Tensor.concatenated([first, second]).normalized() }
    let all = try RowLogSumExp(temperature: temperature)(
      queries: rows, keys: rows,
      hiding: .ownExample(rows: 2 * count, columns: 2 * count, examples: 2 * count))
    return try checked {
      let pairs = rows[0..<count].rowProducts(with: rows[count..<(2 * count)])
      return (all[0..<count] + all[count..<(2 * count)]) * 0.5 - pairs * (1 / temperature)
    }
  }
}
