public import Torch

/// An embedding whose dimensions are divided among learners, with a new learner split off whenever
/// training plateaus.
///
/// Each learner trains on its own cluster of the data with its own part of the embedding, so that
/// the parts specialise; the number of learners need not be known in advance. At first one learner
/// owns all dimensions. After `patience` rounds without a better metric, the youngest learner keeps
/// the dimensions that matter to its loss; the others are reset and become the next learner. With
/// aₙᵤ the activation of dimension u for example n and gₙᵤ its gradient, over the dimensions of the
/// youngest learner:
///
///     tᵤ = |mean over n of aₙᵤ gₙᵤ| / √(Σᵥ (mean aₙᵥ gₙᵥ)² + 1e-8)
///     rᵤ = (tᵤ − min t) / (max t − min t),      u is kept if rᵤ > ½
///
/// - Paper: Adiga, Dolz, Lombaert. Attention-based Dynamic Subspace Learners for Medical Image
///   Analysis. IEEE JBHI 2022. <https://arxiv.org/abs/2206.09068>
/// - Gradient: `callAsFunction` is differentiable; relevances and resets are not.
/// - Units: each part of an embedding has unit length; with K learners the whole has length √K.
/// - Departures: the formula follows the authors' code, because the paper's full text was not
///   available. The code moves the kept rows to the front one by one and overwrites some before
///   they are moved; here they stay in place. The attention before pooling is `SpatialAttention`;
///   the clustering of the data is not part of this type.
/// - Degenerate: if all dimensions are equally relevant, nothing is split.
public struct DynamicSubspaceLearners: Codable, Hashable, Sendable {
  /// The relevance above which a dimension is kept, 0 … 1; default 0.5, from the authors' code.
  public var threshold: Double
  /// The least number of dimensions to keep; default 5, from the authors' code.
  public var fewest: Int
  /// A learner splits only if it has more dimensions than this; default 10, from the authors' code.
  public var indivisible: Int
  /// Rounds without a better metric before a split; default 10, from the authors' code.
  public var patience: Int
  /// The dimensions of each learner, the youngest last.
  public private(set) var subspaces: [[Int]]
  private var best: Double?
  private var roundsSinceBest = 0
  private var mayExplore = false

  /// Creates one learner with all dimensions.
  public init(
    width: Int, threshold: Double = 0.5, fewest: Int = 5, indivisible: Int = 10, patience: Int = 10
  ) {
    self.threshold = threshold
    self.fewest = fewest
    self.indivisible = indivisible
    self.patience = patience
    subspaces = [Array(0..<width)]
  }

  /// The normalised part of each learner: `[N, D]` → one `[N, Dₖ]` per learner.
  ///
  /// - Precondition: D equals the width.
  public func parts(of embeddings: Tensor) -> [Tensor] {
    precondition(
      embeddings.size(along: 1) == subspaces.joined().count, "embeddings \(embeddings.shape)")
    return subspaces.map { units in
      embeddings.gathered(rows: Tensor(units).moved(to: embeddings.device), along: 1).normalized()
    }
  }

  /// All normalised parts together, dimensions in their original order: `[N, D]` → `[N, D]`.
  ///
  /// - Precondition: D equals the width.
  public func callAsFunction(_ embeddings: Tensor) -> Tensor {
    let units = subspaces.flatMap { $0 }
    let places = Tensor(units.indices.sorted { units[$0] < units[$1] }).moved(to: embeddings.device)
    return Tensor.concatenated(parts(of: embeddings), along: 1).gathered(rows: places, along: 1)
  }

  /// Records a round's metric.
  ///
  /// - Parameter metric: higher is better; NaN counts as no improvement.
  /// - Returns: whether to split now: `patience` rounds have passed without an improvement and
  ///   without a split.
  public mutating func observe(metric: Double) -> Bool {
    roundsSinceBest += 1
    if metric > best ?? -.infinity {
      best = metric
      roundsSinceBest = 0
      mayExplore = true
    }
    return mayExplore && roundsSinceBest >= patience
  }

  /// The relevance rᵤ of each dimension of the youngest learner.
  ///
  /// - Parameters:
  ///   - activations: `[N, D]`, the embeddings of a round.
  ///   - gradients: `[N, D]`, the loss's gradients with respect to them.
  /// - Returns: one value per dimension of the youngest learner, 0 … 1; all 0 if they are equally
  ///   relevant.
  public func relevances(activations: Tensor, gradients: Tensor) -> [Double] {
    precondition(activations.shape == gradients.shape, "\(activations.shape), \(gradients.shape)")
    let units = subspaces[subspaces.count - 1]
    let means = (activations.detached() * gradients).mean(along: 0).doubles()
    let taken = units.map { abs(means[$0]) }
    let length = (taken.map { $0 * $0 }.reduce(0, +) + 1e-8).squareRoot()
    let scaled = taken.map { $0 / length }
    guard let low = scaled.min(), let high = scaled.max(), high > low else {
      return units.map { _ in 0 }
    }
    return scaled.map { ($0 - low) / (high - low) }
  }

  /// Splits the youngest learner: relevant dimensions stay, the others form a new learner.
  ///
  /// - Parameter relevances: one value per dimension of the youngest learner.
  /// - Returns: the dimensions of the new learner, to be reset; nil, with nothing changed, if the
  ///   youngest has too few dimensions or too few of them are relevant.
  public mutating func split(relevances: [Double]) -> [Int]? {
    let units = subspaces[subspaces.count - 1]
    precondition(relevances.count == units.count, "\(relevances.count) for \(units.count) units")
    let staying = zip(units, relevances).filter { $1 > threshold }.map(\.0)
    let leaving = zip(units, relevances).filter { !($1 > threshold) }.map(\.0)
    guard units.count > indivisible, staying.count >= fewest, !leaving.isEmpty else { return nil }
    subspaces[subspaces.count - 1] = staying
    subspaces.append(leaving)
    mayExplore = false
    return leaving
  }

  /// Resamples the weights of `units`: W from Glorot and Bengio's normal distribution for that many
  /// outputs, b uniformly from ±1 / √inputs.
  public func reset(_ units: [Int], of layer: Linear, generator: Generator) {
    let inputs = layer.weight.size(along: 1)
    let rows = Tensor(units).moved(to: layer.weight.device)
    withoutGradients {
      func draw(_ old: Tensor, _ new: Tensor) {
        let kept = old.gathered(rows: rows)
        old.addRowsInPlace(new.converted(to: old.dtype).moved(to: old.device) - kept, at: rows)
      }
      let deviation = (2 / Double(inputs + units.count)).squareRoot()
      draw(layer.weight, Tensor.normal([units.count, inputs], generator: generator) * deviation)
      if let bias = layer.bias {
        let bound = 1 / Double(inputs).squareRoot()
        draw(bias, Tensor.uniform([units.count], in: -bound..<bound, generator: generator))
      }
    }
  }
}
