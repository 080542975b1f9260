import Kernels
public import Torch

/// Contrasts each row with its hardest negative, in several projections, with a learnt temperature
/// for every pair.
///
/// A pair of uncertain similarity gets a high temperature and thus less weight. With zᵢᶜ the 2N
/// rows of both views in projection c of C, scaled to unit length, p(i) the other view of row i,
/// n(i) the row of another example with the largest zᵢᶜ · zₙᶜ, and d the dimension of a projection:
///
///     τᵢₖᶜ = τ_min + (τ_max − τ_min) sigmoid(w₂ · relu(W₁ [zᵢᶜ; zₖᶜ] + c₁) + c₂)
///     Ω(τ) = (d / 2) log τ + 1 / τ
///     L    = (1 / 2N) Σᵢ Σ_c ( −zᵢᶜ · zₚᶜ / τᵢₚᶜ + zᵢᶜ · zₙᶜ / τᵢₙᶜ + β Ω(τᵢₚᶜ) − β Ω(τᵢₙᶜ) )
///
/// - Inputs: two views
/// - Paper: Wang, Koniusz, Gedeon, Zheng. Adaptive Multi-head Contrastive Learning. ECCV 2024,
///   equation 2.1. <https://arxiv.org/abs/2310.05615>
/// - Gradient: reaches both views and the temperature network. The choice of the hardest negative
///   is not differentiated.
/// - Units: nats, summed over projections and averaged over rows. It may be negative.
/// - Departures: the equation is from the authors' repository, where it is in a table. The network
///   and Ω are from their code, which cannot be instantiated as published and compares each pair
///   with its own negation instead of with negatives. There every projection has a separate
///   network; in the paper's figure, and here, they share one.
/// - Degenerate: a single example has no negatives, so loss and gradient are 0. If β < 1, a pair
///   with cosine above β gains from a lower temperature without bound as τ_min → 0, so that with
///   τ_min near 0 only positives are pulled: the authors' range does not train here. Heads that end
///   in batch normalisation, with a narrow range (0.15 … 0.2), do.
public final class AdaptiveMultiHeadLoss: Layer {
  /// The hyperparameters.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The dimension d of a projection.
    public var width: Int
    /// The width of the hidden layer; default 128, from the authors' code.
    public var hidden: Int
    /// The lowest and the highest temperature; default 1e-5 and 2, from the authors' code.
    public var temperatures: ClosedRange<Double>
    /// The weight β ≥ 0 of the temperature regularisation; default 0.1, from the authors' code.
    public var regularization: Double

    /// Creates a configuration.
    public init(
      width: Int, hidden: Int = 128, temperatures: ClosedRange<Double> = 1e-5...2,
      regularization: Double = 0.1
    ) {
      self.width = width
      self.hidden = hidden
      self.temperatures = temperatures
      self.regularization = regularization
    }
  }

  /// The hyperparameters.
  public let configuration: Configuration
  private let network: Sequential

  /// Creates a loss whose temperature network has random weights.
  ///
  /// - Precondition: the lowest temperature is positive, β is non-negative.
  public init(_ configuration: Configuration, generator: Generator, dtype: DType = .float32) {
    precondition(
      configuration.temperatures.lowerBound > 0 && configuration.regularization >= 0,
      "temperatures \(configuration.temperatures), β = \(configuration.regularization)")
    self.configuration = configuration
    network = Sequential(
      Linear(
        .init(inputs: 2 * configuration.width, outputs: configuration.hidden),
        generator: generator, dtype: dtype), Activation(.relu),
      Linear(.init(inputs: configuration.hidden, outputs: 1), generator: generator, dtype: dtype))
  }

  /// "network.0.weight", "network.0.bias", "network.2.weight", "network.2.bias".
  public var parameters: [(name: String, tensor: Tensor)] { network.parameters(under: "network") }

  /// The loss of two views.
  ///
  /// - Parameters:
  ///   - first: the projections of the first view, C tensors `[N, d]`.
  ///   - second: those of the second view.
  /// - Returns: a scalar.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: equal numbers and shapes, N > 0, C > 0.
  /// - Complexity: O(C · N² · d) time, O(C · N · (d + hidden)) memory and a block of a million scores.
  public func callAsFunction(first: [Tensor], second: [Tensor]) throws -> Tensor {
    checkViews(first + second)
    precondition(
      first.count == second.count && first[0].size(along: 1) == configuration.width,
      "\(first.count) and \(second.count) projections of shape \(first[0].shape)")
    return try checked {
      guard first[0].size(along: 0) > 1 else {
        return Tensor.concatenated(first + second).nothingToCompare
      }
      return zip(first, second).map(head).reduce(.zeros([], dtype: first[0].dtype)) { $0 + $1 }
    }
  }

  private func head(_ first: Tensor, _ second: Tensor) -> Tensor {
    let count = first.size(along: 0)
    let rows = Tensor.concatenated([first, second]).normalized()
    let partners = Tensor((0..<(2 * count)).map { ($0 + count) % (2 * count) })
    let pulled = weighted(rows, rows.gathered(rows: partners.moved(to: rows.device)))
    let pushed = weighted(rows, rows.gathered(rows: hardest(rows.detached(), examples: count)))
    return (pushed - pulled).mean()
  }

  /// z · z′ / τ − β Ω(τ) for each row and its counterpart.
  private func weighted(_ rows: Tensor, _ others: Tensor) -> Tensor {
    let range = configuration.temperatures
    let openness = network(Tensor.concatenated([rows, others], along: 1)).squeezed(along: 1)
      .sigmoid()
    let tau = openness * (range.upperBound - range.lowerBound) + range.lowerBound
    let own = tau.log() * (Double(configuration.width) / 2) + 1 / tau
    return rows.rowProducts(with: others) / tau - own * configuration.regularization
  }

  /// The row of another example that is most similar to each row, `[2N]`.
  private func hardest(_ rows: Tensor, examples: Int) -> Tensor {
    let total = 2 * examples
    let numbers = Tensor((0..<total).map { $0 % examples }).moved(to: rows.device)
    let size = max(1, (1 << 20) / total)
    let parts = stride(from: 0, to: total, by: size).map { start in
      let range = start..<min(start + size, total)
      let same = numbers[range].expandingDimension(at: 1).isEqual(to: numbers)
      return rows[range].matmul(rows.transposed()).replacing(where: same, with: -.infinity)
        .argmax(along: 1)
    }
    return .concatenated(parts)
  }
}
