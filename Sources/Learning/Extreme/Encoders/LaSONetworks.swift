public import Torch

/// Three networks that map the feature vectors of two examples to one whose labels are the union,
/// the intersection or the difference of theirs.
///
/// Each network sees the pair as one vector of length 2D and no labels, so it also works for labels
/// unseen in training:
///
///     h₀ = leaky(W₀ [a; b] + c₀)
///     hᵢ = leaky(Wᵢ norm(hᵢ₋₁) + cᵢ)     i = 1 … layers
///     z  = W h + c                        and max(z, 0) if `isRectified`
///
/// - Paper: Alfassy, Karlinsky, Aides, Shtok, Harary, Feris, Giryes, Bronstein. LaSO: Label-Set
///   Operations networks for multi-label few-shot learning. CVPR 2019, section 3.
///   <https://arxiv.org/abs/1902.09811>
/// - Gradient: reaches both vectors and all weights.
/// - Units: those of the feature vectors.
/// - Departures: the layers are those of the authors' `SetOpBlock_v2`, `isRectified` is their
///   `SetOpBlock_v5`. They normalise over the batch; this normalises each vector, so that a pair's
///   result does not depend on the rest of the batch. The paper's own generators end in tanh.
public final class LaSONetworks: Layer {
  /// The hyperparameters of the networks.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The length of a feature vector, D.
    public var dimension: Int
    /// The width of hidden layers; the authors use 8092 for 2048 features.
    public var hiddenDimension: Int
    /// The number of hidden layers after the first; default 1, from the authors.
    public var layers: Int
    /// Whether outputs are non-negative, like features after a rectifier.
    public var isRectified: Bool

    /// Creates a configuration.
    public init(
      dimension: Int, hiddenDimension: Int, layers: Int = 1, isRectified: Bool = false
    ) {
      self.dimension = dimension
      self.hiddenDimension = hiddenDimension
      self.layers = layers
      self.isRectified = isRectified
    }
  }

  /// An operation on two sets of labels.
  public enum Operation: String, CaseIterable, Sendable {
    /// The labels of either example.
    case union
    /// The labels of both examples.
    case intersection
    /// The labels of the first example that the second lacks.
    case subtraction
  }

  /// The hyperparameters.
  public let configuration: Configuration
  private let networks: [Operation: Network]

  /// Creates networks with random weights, in the order of `Operation.allCases`.
  public init(_ configuration: Configuration, generator: Generator, dtype: DType = .float32) {
    self.configuration = configuration
    var networks: [Operation: Network] = [:]
    for operation in Operation.allCases {
      networks[operation] = Network(configuration, generator: generator, dtype: dtype)
    }
    self.networks = networks
  }

  /// The parameters, by operation: "union.first.weight", "union.1.norm.weight",
  /// "union.1.linear.weight", …, "union.last.bias".
  public var parameters: [(name: String, tensor: Tensor)] {
    Operation.allCases.flatMap { networks[$0]?.parameters(under: $0.rawValue) ?? [] }
  }

  /// The feature vectors for `operation` applied to each pair's labels.
  ///
  /// - Parameters:
  ///   - first: `[B, D]`.
  ///   - second: `[B, D]`.
  /// - Returns: `[B, D]`.
  /// - Precondition: the shapes match.
  public func callAsFunction(_ operation: Operation, _ first: Tensor, _ second: Tensor) -> Tensor {
    precondition(
      first.shape == second.shape && first.shape.last == configuration.dimension,
      "shapes \(first.shape) and \(second.shape), expected [B, \(configuration.dimension)]")
    guard let network = networks[operation] else { fatalError("no network for \(operation)") }
    return network(.concatenated([first, second], along: 1))
  }

  private final class Network: UnaryLayer {
    let first: Linear
    let hidden: [(norm: LayerNorm, linear: Linear)]
    let last: Linear
    let isRectified: Bool

    init(_ configuration: Configuration, generator: Generator, dtype: DType) {
      func linear(_ inputs: Int, _ outputs: Int) -> Linear {
        Linear(.init(inputs: inputs, outputs: outputs), generator: generator, dtype: dtype)
      }
      let width = configuration.hiddenDimension
      first = linear(2 * configuration.dimension, width)
      hidden = (0..<configuration.layers).map { _ in
        (LayerNorm(.init(width: width), dtype: dtype), linear(width, width))
      }
      last = linear(width, configuration.dimension)
      isRectified = configuration.isRectified
    }

    var parameters: [(name: String, tensor: Tensor)] {
      first.parameters(under: "first")
        + hidden.enumerated().flatMap { index, layer in
          layer.norm.parameters(under: "\(index + 1).norm")
            + layer.linear.parameters(under: "\(index + 1).linear")
        } + last.parameters(under: "last")
    }

    func callAsFunction(_ input: Tensor) -> Tensor {
      var h = leaky(first(input))
      for layer in hidden { h = leaky(layer.linear(layer.norm(h))) }
      let z = last(h)
      return isRectified ? z.relu() : z
    }

    /// x, and 0.2 x below 0.
    private func leaky(_ x: Tensor) -> Tensor { x.relu() - (-x).relu() * 0.2 }
  }
}
