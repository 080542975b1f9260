import Kernels
public import Torch

/// The contrastive loss against the hardest negatives only.
///
/// A low temperature makes the usual loss focus on the nearest negatives; here they are selected
/// explicitly, so that the temperature can stay high. With xᵢ the queries and yⱼ the keys, each
/// scaled to unit length, sᵢⱼ = xᵢ · yⱼ / τ, and Hᵢ the K keys other than yᵢ with the largest sᵢⱼ:
///
///     L = −(1 / N) Σᵢ log ( exp sᵢᵢ / (exp sᵢᵢ + Σ_{j ∈ Hᵢ} exp sᵢⱼ) )
///
/// - Inputs: two views, matching pairs
/// - Paper: Wang, Liu. Understanding the Behaviour of Contrastive Loss. CVPR 2021, the hard
///   contrastive loss. <https://arxiv.org/abs/2012.09740>
/// - Gradient: reaches queries, keys and the bank. The choice of the hardest negatives is not
///   differentiated.
/// - Units: nats, the mean over queries. If all rows are equal, it is log(K + 1).
/// - Departures: the paper selects by a threshold, a quantile of each row's similarities; here by
///   number, as its experiments do. No code of the authors was found.
/// - Degenerate: with fewer than K negatives all are used; with none the loss is 0.
public struct HardContrastiveLoss: Codable, Hashable, Sendable {
  /// The number K ≥ 1 of hardest negatives; the paper keeps 4095 of a bank of all training images.
  public var hardest: Int
  /// The temperature τ > 0 that divides cosines; default 0.3, ours, from the range where the
  /// paper's loss works best.
  public var temperature: Double

  /// Creates the loss.
  public init(hardest: Int, temperature: Double = 0.3) {
    self.hardest = hardest
    self.temperature = temperature
  }

  /// The loss of queries with one key each.
  ///
  /// - Parameters:
  ///   - queries: `[N, D]`.
  ///   - keys: `[N, D]`; key i matches query i and is a negative of the others.
  ///   - bank: `[M, D]`, additional negatives.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match, N > 0, K > 0, τ > 0.
  /// - Complexity: O(N (N + M) · D) time, O((N + M) · D) memory and a block of a million scores.
  public func callAsFunction(queries: Tensor, keys: Tensor, bank: Tensor? = nil) throws -> Tensor {
    checkViews([queries, keys])
    checkTemperature(temperature)
    precondition(hardest > 0, "\(hardest) negatives")
    let (rows, candidates) = try checked {
      (
        queries.normalized() * (1 / temperature),
        Tensor.concatenated([keys] + (bank.map { [$0] } ?? [])).normalized()
      )
    }
    let width = candidates.size(along: 0)
    return try RowBlocks().mean(rows: rows, columns: candidates) { rows, candidates, range in
      let scores = rows.matmul(candidates.transposed())
      let positions = Tensor(range.enumerated().map { $0.offset * width + $0.element })
        .moved(to: scores.device)
      let positives = scores.elements(at: positions)
      let own = Tensor.zeros(scores.shape, dtype: .bool, device: scores.device)
      own.setElementsInPlace(at: positions, to: 1)
      let hard = scores.replacing(where: own, with: -.infinity)
        .largest(min(hardest, width - 1), along: 1).values
      let all = Tensor.concatenated([positives.expandingDimension(at: 1), hard], along: 1)
      return (
        (all.logSumExp(along: 1) - positives).sum(),
        .full([], Double(range.count), dtype: scores.dtype, device: scores.device)
      )
    }
  }
}
