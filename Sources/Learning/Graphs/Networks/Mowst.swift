import Foundation
public import Storage
public import Torch

/// A mixture of a perceptron on each node's features and a network over the graph, by how sure the
/// perceptron is.
///
/// With the scores w of the perceptron and s of the network, p = softmax(w), C classes and the learnt
/// gate G, a perceptron of the two measures of dispersion:
///
///     D(p) = [variance of p / variance of one class, 1 − entropy of p / log C]
///     g    = sigmoid(G(D(p)))
///     L    = mean of g ℓ(w, y) + (1 − g) ℓ(s, y)            with the cross-entropy ℓ
///     L*   = mean of ℓ(g w + (1 − g) s, y)                  Mowst*
///     prediction: g softmax(w) + (1 − g) softmax(s)
///
/// - Paper: Zeng, Lyu, Hu, Xia, Luo. Mixture of Weak and Strong Experts on Graphs. ICLR 2024.
///   <https://openreview.net/forum?id=wYvuY60SdD>
/// - Gradient: reaches both experts, and the gate and the perceptron through g; with `learning` one of
///   the experts and its part of g is constant, as in the turns of the authors' training.
/// - Units: nats; g is a probability.
/// - Departures: written from the authors' code, since the paper's text was not at hand. The gate sees the
///   dispersion alone, their `original_data false`, and has no batch normalisation. A prediction is the
///   mean over the random choice of an expert; their default for Mowst draws 50 times.
public final class Mowst<Strong: NodeNetwork>: NodeNetwork {
  /// The parts that learn in a step.
  public enum Learner: String, Codable, Hashable, Sendable, CaseIterable {
    /// The perceptron and the gate.
    case weak
    /// The network over the graph.
    case strong
    /// All.
    case both
  }

  /// The perceptron on the features.
  public let weak: NodePerceptron
  /// The network over the graph.
  public let strong: Strong
  /// G, from 2 numbers to 1.
  public let gate: NodePerceptron
  /// Whether scores are mixed, and not losses: Mowst*.
  public let mixesScores: Bool

  /// Whether numbers are zeroed at random.
  public var isTraining: Bool {
    get { weak.isTraining }
    set {
      weak.isTraining = newValue
      strong.isTraining = newValue
      gate.isTraining = newValue
    }
  }

  /// Creates a mixture of experts, which it trains in place.
  public init(
    weak: NodePerceptron, strong: Strong, gate: NodePerceptron, mixesScores: Bool = false
  ) {
    self.weak = weak
    self.strong = strong
    self.gate = gate
    self.mixesScores = mixesScores
  }

  /// Those of the parts, under `weak`, `strong` and `gate`.
  public var parameters: [(name: String, tensor: Tensor)] {
    weak.parameters(under: "weak") + strong.parameters(under: "strong")
      + gate.parameters(under: "gate")
  }

  /// That of the network over the graph.
  public static func propagation(of graph: Graph) -> SparseMatrix { Strong.propagation(of: graph) }

  /// The logarithms of the mixed probabilities, `[V, F]` → `[V, C]`.
  public func callAsFunction(_ features: NodeFeatures, over propagation: SparseMatrix) throws
    -> Tensor
  {
    let scores = try weak(features)
    let share = try confidence(of: scores)
    let others = try strong(features, over: propagation).softmax(along: 1)
    let mixed = scores.softmax(along: 1) * share + others * (1 - share)
    return mixed.clamped(from: 1e-30).log()
  }

  /// g, `[N, C]` → `[N, 1]`.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  public func confidence(of scores: Tensor) throws -> Tensor {
    try gate(.dense(Self.dispersion(of: scores))).sigmoid()
  }

  /// D(p), `[N, C]` → `[N, 2]`: 0 for equal probabilities, 1 for a certain class.
  ///
  /// - Precondition: at least two classes.
  public static func dispersion(of scores: Tensor) -> Tensor {
    let count = Double(scores.size(along: 1))
    precondition(count > 1, "\(count) classes, expected at least 2")
    let logarithms = scores.logSoftmax(along: 1)
    let probabilities = logarithms.exp()
    let variance = probabilities.variance(along: 1, correction: 0, keepingDimensions: true)
    let negentropy = (probabilities * logarithms).sum(along: 1, keepingDimensions: true)
    return .concatenated(
      [
        variance * (count * count / (count - 1)),
        negentropy * (1 / log(count)) + 1,
      ], along: 1)
  }

  /// L or L* of some nodes, a scalar.
  ///
  /// - Parameters:
  ///   - nodes: `[N]` int64.
  ///   - classes: `[N]` int64.
  /// - Throws: `TorchError` if libtorch fails.
  public func loss(
    _ features: NodeFeatures, over propagation: SparseMatrix, nodes: Tensor, classes: Tensor,
    learning: Learner = .both
  ) throws -> Tensor {
    try loss(
      weak: weak(features).gathered(rows: nodes),
      strong: strong(features, over: propagation).gathered(rows: nodes), classes: classes,
      learning: learning)
  }

  /// L or L* of the experts' scores, `[N, C]` each.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  public func loss(weak: Tensor, strong: Tensor, classes: Tensor, learning: Learner = .both) throws
    -> Tensor
  {
    let scores = learning == .strong ? weak.detached() : weak
    let others = learning == .weak ? strong.detached() : strong
    let gated = try confidence(of: scores)
    let share = learning == .strong ? gated.detached() : gated
    if mixesScores {
      return (scores * share + others * (1 - share)).crossEntropy(ofClasses: classes)
    }
    let own = scores.crossEntropies(ofClasses: classes)
    let other = others.crossEntropies(ofClasses: classes)
    let factor = share.squeezed(along: 1)
    return (own * factor + other * (1 - factor)).mean()
  }
}
