internal import CTorch

/// Stochastic gradient descent with momentum.
///
/// With the gradient g and the velocity u of a parameter:
///
///     g ← g + λ w
///     u ← μ u + g
///     w ← w − η u            (momentum)
///     w ← w − η (g + μ u)    (Nesterov)
///
/// A parameter without a gradient is skipped. Sparse gradients are accepted without momentum and
/// decay, and update only their rows.
///
/// - Source: Sutskever, Martens, Dahl, Hinton. On the Importance of Initialization and Momentum in
///   Deep Learning. ICML 2013, in PyTorch's form, where η multiplies the velocity.
/// - Departures: none from `torch.optim.SGD` without dampening.
public final class SGD: Optimizer {
  /// The hyperparameters.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The learning rate η; 0.001 is PyTorch's default.
    public var learningRate: Double
    /// The momentum μ: how slowly the velocity decays.
    public var momentum: Double
    /// Whether to use Nesterov momentum: the gradient step is taken after the velocity step.
    public var isNesterov: Bool
    /// The weight decay λ, added to the gradient (not decoupled).
    public var weightDecay: Double

    /// Creates hyperparameters.
    public init(
      learningRate: Double = 1e-3, momentum: Double = 0, isNesterov: Bool = false,
      weightDecay: Double = 0
    ) {
      self.learningRate = learningRate
      self.momentum = momentum
      self.isNesterov = isNesterov
      self.weightDecay = weightDecay
    }
  }

  /// The hyperparameters; they may change between steps, but momentum that is 0 stays 0.
  public var configuration: Configuration {
    willSet {
      precondition(
        newValue.momentum == 0 || !velocities.isEmpty || parameters.isEmpty,
        "momentum \(newValue.momentum) for an optimiser created without it")
    }
  }
  private let parameters: [Tensor]
  private let velocities: [Tensor]
  private let lists: TensorLists

  /// Creates an optimiser of `parameters`.
  ///
  /// - Precondition: every parameter is contiguous.
  public init(_ parameters: [Tensor], _ configuration: Configuration = Configuration()) {
    precondition(parameters.allSatisfy(\.isContiguous), "a parameter is not contiguous")
    self.configuration = configuration
    self.parameters = parameters
    velocities =
      configuration.momentum == 0 ? [] : parameters.map { .zeros(like: $0.detached()) }
    lists = TensorLists(width: velocities.isEmpty ? 2 : 3, capacity: parameters.count)
  }

  /// The learning rate η.
  public var learningRate: Double {
    get { configuration.learningRate }
    set { configuration.learningRate = newValue }
  }

  /// Updates every parameter that has a gradient.
  ///
  /// - Throws: `TorchError` when a libtorch operator fails.
  /// - Precondition: gradients are dense if there is momentum or decay; Nesterov requires momentum.
  public func step() throws {
    precondition(
      !configuration.isNesterov || configuration.momentum > 0, "Nesterov without momentum")
    defer { lists.removeAll() }
    try withoutGradients {
      for (index, parameter) in parameters.enumerated() {
        guard let gradient = parameter.gradient else { continue }
        if gradient.isSparse {
          try moveRows(of: parameter, gradient)
        } else {
          let dense = gradient.isContiguous ? gradient : gradient.contiguous()
          if velocities.isEmpty {
            lists.append(gradient: dense, parameter)
          } else {
            lists.append(gradient: dense, parameter, velocities[index])
          }
        }
      }
      guard lists.count > 0 else { return }
      // Velocities start at 0, so the first step needs no special case.
      try Ops.fused.perform([
        lists.argument(1), lists.argument(0), velocities.isEmpty ? .noTensors : lists.argument(2),
        .init(configuration.weightDecay), .init(configuration.momentum), .init(learningRate),
        .init(0.0), .init(configuration.isNesterov), .init(false), .init(false),
      ])
    }
  }

  private func moveRows(of parameter: Tensor, _ gradient: Tensor) throws {
    precondition(
      velocities.isEmpty && configuration.weightDecay == 0,
      "momentum and decay need dense gradients; use SparseAdam or SparseAdagrad")
    try checked {
      let (rows, values) = gradient.storedRows()
      parameter.addRowsInPlace(values, at: rows, factor: -learningRate)
    }
  }

  /// Clears the gradients of all parameters.
  public func clearGradients() { forgetGradients(of: parameters) }

  /// The velocities as "velocity.0", "velocity.1" and so on; none without momentum.
  public var state: [String: Tensor] {
    Dictionary(velocities.enumerated().map { ("velocity.\($0.offset)", $0.element) }) { $1 }
  }

  /// Restores a state that `state` returned.
  public func restore(_ state: [String: Tensor]) throws {
    try restoreInPlace(self.state, from: state)
  }

  private enum Ops {
    static let fused = Op("aten::_fused_sgd_")
  }
}
