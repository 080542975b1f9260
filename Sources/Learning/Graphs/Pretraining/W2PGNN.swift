public import Torch

/// Says how much a graph data set can gain from pretraining on others, before any training.
///
/// Graphs from which one may pretrain are described by K graphons Bₖ, a basis. The downstream graphs,
/// with the graphon D, can be generated from a mixture of it as well as
///
///     ζ = − min over α of GW(Σₖ αₖ Bₖ, D),   α = softmax(a)
///
/// with the Gromov-Wasserstein distance GW. The higher ζ, the more feasible is pretraining. The minimum
/// is found by Adam's steps from equal shares; the best of them counts.
///
/// - Paper: Cao, Xu, Yang, Wang, Zhang, Wang, Chen, Yang. When to Pre-Train Graph Neural Networks? From
///   Data Generation Perspective! KDD 2023. <https://arxiv.org/abs/2303.16458>
/// - Gradient: `cost` reaches the mixture and the graphons; the plan of the distance is constant, as at
///   its minimum the gradient through it is 0.
/// - Units: the root of a mean squared difference of probabilities of edges, with a minus sign.
/// - Departures: the paper's text was not available here; this follows the authors' code. It
///   differentiates through the plan's iterations, with an entropy of weight 10⁻⁵ that they do not
///   reach the optimum for, and reports the distance with a Kullback-Leibler loss and without
///   entropy; here one squared loss and one entropy serve for both. The code also smooths graphons
///   by total variation with a weight of h, the number of nodes of a block, which leaves those of
///   graphs of up to a hundred nodes all but constant; it is left out. Adam's decay of a is left
///   out.
/// - Complexity: `steps` distances of N × N matrices, N the largest number of blocks.
public struct W2PGNN: Codable, Hashable, Sendable {
  /// The settings of the distance.
  public var distance: GromovWasserstein
  /// The number of steps; default 100, from the authors' code.
  public var steps: Int
  /// The learning rate; default 0.05, from the authors' code.
  public var learningRate: Double

  /// Creates the settings.
  public init(
    distance: GromovWasserstein = .init(), steps: Int = 100, learningRate: Double = 0.05
  ) {
    self.distance = distance
    self.steps = steps
    self.learningRate = learningRate
  }

  /// How well a mixture of a basis matches a data set.
  public struct Feasibility: Codable, Hashable, Sendable {
    /// ζ, at most 0.
    public var value: Double
    /// The shares α of the basis.
    public var shares: [Double]

    /// Creates a result.
    public init(value: Double, shares: [Double]) {
      self.value = value
      self.shares = shares
    }
  }

  /// The squared distance of a mixture.
  ///
  /// - Parameters:
  ///   - logits: a, `[K]` float64.
  ///   - basis: B, `[K, N, N]` float64.
  ///   - target: D, `[M, M]` float64.
  /// - Returns: a scalar.
  /// - Precondition: the shapes agree, K > 0.
  public func cost(logits: Tensor, basis: Tensor, target: Tensor) -> Tensor {
    precondition(
      basis.dimensionCount == 3 && logits.shape == [basis.size(along: 0)],
      "logits \(logits.shape) of a basis \(basis.shape), expected [K], [K, N, N]")
    let shares = logits.softmax(along: 0)
    return distance((shares.reshaped([-1, 1, 1]) * basis).sum(along: 0), target)
  }

  /// The feasibility of pretraining on graphs of `basis` for graphs of `target`.
  ///
  /// All graphons are brought to the largest number of blocks first.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the basis is not empty.
  public func callAsFunction(basis: [Graphon], target: Graphon) throws -> Feasibility {
    precondition(!basis.isEmpty, "a basis without graphons")
    let blocks = (basis + [target]).map { $0.probabilities.size(along: 0) }.max() ?? 1
    let matrices = Tensor.stacked(basis.map { $0.resized(to: blocks).probabilities })
    let wanted = target.resized(to: blocks).probabilities
    let logits = Tensor.ones([basis.count], dtype: .float64).requiringGradient()
    let optimizer = AdamW(
      [logits], .init(learningRate: learningRate, secondDecay: 0.99, weightDecay: 0))
    var best = Feasibility(value: -.infinity, shares: [])
    for _ in 0...max(steps, 0) {
      let cost = cost(logits: logits, basis: matrices, target: wanted)
      // Rounding may leave a perfect match below 0.
      let value = -max(cost.scalar, 0).squareRoot()
      if value > best.value {
        best = Feasibility(value: value, shares: logits.detached().softmax(along: 0).doubles())
      }
      guard basis.count > 1 else { break }
      optimizer.clearGradients()
      try cost.backward()
      try optimizer.step()
    }
    return best
  }
}
