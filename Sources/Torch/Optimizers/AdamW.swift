internal import CTorch

/// Adam with decoupled weight decay, for dense gradients, in one fused pass over memory.
///
/// With the gradient g, its moments m and v, and the number t of steps of the parameter:
///
///     w ← w · (1 − η λ)
///     m ← β₁ m + (1 − β₁) g
///     v ← β₂ v + (1 − β₂) g²
///     w ← w − η · m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε)
///
/// A parameter without a gradient is skipped. On CUDA all parameters must be on one device.
///
/// - Source: Loshchilov, Hutter. Decoupled Weight Decay Regularization. ICLR 2019, algorithm 2,
///   <https://arxiv.org/abs/1711.05101>.
/// - Departures: none from `torch.optim.AdamW`.
public final class AdamW: Optimizer {
  /// The hyperparameters.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The learning rate η; 0.001 is PyTorch's default.
    public var learningRate: Double
    /// The decay β₁ of the first moment; the paper's default.
    public var firstDecay: Double
    /// The decay β₂ of the second moment; the paper's default.
    public var secondDecay: Double
    /// The number ε that keeps the divisor above 0; the paper's default.
    public var epsilon: Double
    /// The weight decay λ; 0.01 is PyTorch's default.
    public var weightDecay: Double

    /// Creates hyperparameters.
    public init(
      learningRate: Double = 1e-3, firstDecay: Double = 0.9, secondDecay: Double = 0.999,
      epsilon: Double = 1e-8, weightDecay: Double = 0.01
    ) {
      self.learningRate = learningRate
      self.firstDecay = firstDecay
      self.secondDecay = secondDecay
      self.epsilon = epsilon
      self.weightDecay = weightDecay
    }
  }

  /// The hyperparameters; they may change between steps.
  public var configuration: Configuration
  private let parameters: [Tensor]
  private let first: [Tensor]
  private let second: [Tensor]
  /// `[parameters]` float32, the type of the fused operator's counters, and views of it.
  private let steps: Tensor
  private let stepViews: [Tensor]
  private let lists: TensorLists

  /// Creates an optimiser of `parameters`.
  ///
  /// - Precondition: every parameter is contiguous.
  public init(_ parameters: [Tensor], _ configuration: Configuration = Configuration()) {
    precondition(parameters.allSatisfy(\.isContiguous), "a parameter is not contiguous")
    self.configuration = configuration
    self.parameters = parameters
    first = parameters.map { .zeros(like: $0.detached()) }
    second = parameters.map { .zeros(like: $0.detached()) }
    let steps = Tensor.zeros([parameters.count], device: parameters.first?.device ?? .cpu)
    self.steps = steps
    stepViews = parameters.indices.map { steps[$0] }
    lists = TensorLists(width: 5, capacity: parameters.count)
  }

  /// The learning rate η.
  public var learningRate: Double {
    get { configuration.learningRate }
    set { configuration.learningRate = newValue }
  }

  /// Updates every parameter that has a gradient.
  ///
  /// - Throws: `TorchError` when a libtorch operator fails.
  /// - Precondition: no gradient is sparse; use `SparseAdam` for those.
  public func step() throws {
    defer { lists.removeAll() }
    for (index, parameter) in parameters.enumerated() {
      guard let gradient = parameter.gradient else { continue }
      precondition(!gradient.isSparse, "AdamW needs dense gradients; use SparseAdam")
      lists.append(
        // The fused operator reads elements in memory order.
        gradient: gradient.isContiguous ? gradient : gradient.contiguous(),
        parameter, first[index], second[index], stepViews[index])
    }
    guard lists.count > 0 else { return }
    try withoutGradients {
      countSteps()
      try Ops.fused.perform([
        lists.argument(1), lists.argument(0), lists.argument(2), lists.argument(3), .noTensors,
        lists.argument(4), .init(learningRate), .init(configuration.firstDecay),
        .init(configuration.secondDecay), .init(configuration.weightDecay),
        .init(configuration.epsilon), .init(false), .init(false),
      ])
    }
  }

  /// Adds 1 to the step counts of the parameters that take part in this step.
  private func countSteps() {
    if lists.count == parameters.count {
      Ops.addScalarInPlace.callAsFunction(.tensor(steps), 1)
    } else {
      for (view, parameter) in zip(stepViews, parameters) where parameter.gradient != nil {
        Ops.addScalarInPlace.callAsFunction(.tensor(view), 1)
      }
    }
  }

  /// Clears the gradients of all parameters.
  public func clearGradients() { forgetGradients(of: parameters) }

  /// The step counts as "step", the moments as "first.0", "second.0" and so on.
  public var state: [String: Tensor] {
    var state = ["step": steps]
    for index in parameters.indices {
      state["first.\(index)"] = first[index]
      state["second.\(index)"] = second[index]
    }
    return state
  }

  /// Restores a state that `state` returned.
  public func restore(_ state: [String: Tensor]) throws {
    try restoreInPlace(self.state, from: state)
  }

  private enum Ops {
    static let fused = Op("aten::_fused_adamw_")
    static let addScalarInPlace = Op("aten::add_", "Scalar")
  }
}
