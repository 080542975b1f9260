public import Torch

/// An embedding whose units are shared out among learners; a new one splits off when training stops
/// to pay.
///
/// Each learner is trained on a cluster of the data of its own, by its part of the embedding alone,
/// so that parts specialise; how many there have to be need not be known. At first one learner has all
/// units. When the metric has not improved for a while, the units of the youngest learner that matter
/// to its loss stay, the others are reset and become the next learner. With aₙᵤ the activation of
/// unit u for example n and gₙᵤ its gradient, over the units of the youngest learner:
///
///     tᵤ = |mean over n of aₙᵤ gₙᵤ| / √(Σᵥ (mean aₙᵥ gₙᵥ)² + 1e-8)
///     rᵤ = (tᵤ − min t) / (max t − min t),      u stays where rᵤ > ½
///
/// - Paper: Adiga, Dolz, Lombaert. Attention-based Dynamic Subspace Learners for Medical Image
///   Analysis. IEEE JBHI 2022. <https://arxiv.org/abs/2206.09068>
/// - Gradient: `callAsFunction` is differentiable; shares and resets have none.
/// - Units: each part of an embedding has unit length; with K learners it is √K long as a whole.
/// - Departures: the formula is that of the authors' code, since the paper's full text could not be
///   had. The code moves the rows that stay to the front one after the other, so that some are
///   overwritten before they are moved; here they stay where they are. The attention in front of the
///   pooling is `SpatialAttention`; the clustering of the data is not part of this type.
/// - Degenerate: where all units matter alike there is nothing to split.
public struct DynamicSubspaceLearners: Codable, Hashable, Sendable {
  /// What a unit has to reach to stay, 0 … 1; the authors' code has 0.5.
  public var threshold: Double
  /// How many units have to stay; the authors' code has 5.
  public var fewest: Int
  /// A learner splits when it has more units than this; the authors' code has 10.
  public var indivisible: Int
  /// Rounds without a better metric before a split; the authors' code has 10.
  public var patience: Int
  /// The units of each learner, the youngest last.
  public private(set) var subspaces: [[Int]]
  private var best: Double?
  private var roundsSinceBest = 0
  private var mayExplore = false

  /// One learner with all units.
  public init(
    width: Int, threshold: Double = 0.5, fewest: Int = 5, indivisible: Int = 10, patience: Int = 10
  ) {
    self.threshold = threshold
    self.fewest = fewest
    self.indivisible = indivisible
    self.patience = patience
    subspaces = [Array(0..<width)]
  }

  /// The part of each learner, `[N, D]` → one `[N, Dₖ]` of unit rows a learner.
  ///
  /// - Precondition: D is the width.
  public func parts(of embeddings: Tensor) -> [Tensor] {
    precondition(
      embeddings.size(along: 1) == subspaces.joined().count, "embeddings \(embeddings.shape)")
    return subspaces.map { units in
      embeddings.gathered(rows: Tensor(units).moved(to: embeddings.device), along: 1).normalized()
    }
  }

  /// All parts together, units in their own order: `[N, D]` → `[N, D]`.
  ///
  /// - Precondition: D is the width.
  public func callAsFunction(_ embeddings: Tensor) -> Tensor {
    let units = subspaces.flatMap { $0 }
    let places = Tensor(units.indices.sorted { units[$0] < units[$1] }).moved(to: embeddings.device)
    return Tensor.concatenated(parts(of: embeddings), along: 1).gathered(rows: places, along: 1)
  }

  /// Takes note of a round's metric.
  ///
  /// - Parameter metric: the higher the better; NaN counts as no improvement.
  /// - Returns: whether it is time to split: `patience` rounds without improvement, and none split off
  ///   since the last one.
  public mutating func observe(metric: Double) -> Bool {
    roundsSinceBest += 1
    if metric > best ?? -.infinity {
      best = metric
      roundsSinceBest = 0
      mayExplore = true
    }
    return mayExplore && roundsSinceBest >= patience
  }

  /// How much each unit of the youngest learner matters, rᵤ.
  ///
  /// - Parameters:
  ///   - activations: `[N, D]`, the embeddings of a round.
  ///   - gradients: `[N, D]`, those of the loss by them.
  /// - Returns: one number a unit of the youngest learner, 0 … 1; all 0 where they matter alike.
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

  /// Splits the youngest learner: the units that matter stay, the others make a new one.
  ///
  /// - Parameter relevances: one number a unit of the youngest learner.
  /// - Returns: the units of the new learner, to be reset; nil, and nothing changes, where the
  ///   youngest has too few units or too few of them matter.
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

  /// Draws the weights of `units` anew: W from the normal distribution of Glorot and Bengio for as
  /// many outputs, b evenly from ±1 / √inputs.
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
