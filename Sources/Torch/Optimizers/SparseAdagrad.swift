internal import CTorch

/// Adagrad for large tables: reads and writes only the rows in a sparse gradient.
///
/// With the gradient g of a row (or of an element) and its accumulator G:
///
///     G ← G + mean(g²)        (one accumulator per row)
///     G ← G + g²              (one per element)
///     w ← w · (1 − η λ) − η g / (√G + ε)
///
/// A dense gradient counts as one of all rows. One accumulator per row takes 1 / D of the memory
/// and is the usual choice for feature tables.
///
/// - Source: Duchi, Hazan, Singer. Adaptive Subgradient Methods for Online Learning and Stochastic
///   Optimization. JMLR 2011, <https://jmlr.org/papers/v12/duchi11a.html>. One accumulator per row
///   is common in recommender systems (torchrec's row-wise Adagrad).
/// - Departures: element-wise and without decay it is `torch.optim.Adagrad`. Decay is decoupled
///   from the gradient and applies only to the touched rows.
public final class SparseAdagrad: Optimizer {
  /// The hyperparameters.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The learning rate η; 0.01 is PyTorch's default.
    public var learningRate: Double
    /// The number ε that keeps the divisor above 0; PyTorch's default.
    public var epsilon: Double
    /// The decoupled weight decay λ of touched rows.
    public var weightDecay: Double
    /// Whether there is one accumulator per row instead of one per element.
    public var isRowwise: Bool

    /// Creates hyperparameters.
    public init(
      learningRate: Double = 0.01, epsilon: Double = 1e-10, weightDecay: Double = 0,
      isRowwise: Bool = true
    ) {
      self.learningRate = learningRate
      self.epsilon = epsilon
      self.weightDecay = weightDecay
      self.isRowwise = isRowwise
    }
  }

  /// The hyperparameters; all but `isRowwise` may change between steps.
  public var configuration: Configuration {
    willSet {
      precondition(newValue.isRowwise == configuration.isRowwise, "the accumulators exist already")
    }
  }
  private let parameters: [Tensor]
  private let accumulators: [Tensor]

  /// Creates an optimiser of tables.
  ///
  /// - Precondition: every parameter is a matrix `[rows, D]`.
  public init(_ parameters: [Tensor], _ configuration: Configuration = Configuration()) {
    self.configuration = configuration
    self.parameters = parameters
    accumulators = parameters.map { parameter in
      precondition(
        parameter.dimensionCount == 2, "a table of shape \(parameter.shape), expected [rows, D]")
      let shape = configuration.isRowwise ? [parameter.size(along: 0)] : parameter.shape
      return .zeros(shape, dtype: parameter.dtype, device: parameter.device)
    }
  }

  /// The learning rate η.
  public var learningRate: Double {
    get { configuration.learningRate }
    set { configuration.learningRate = newValue }
  }

  /// Updates the rows that have gradients.
  public func step() throws {
    try checked {
      try withoutGradients {
        for (parameter, accumulator) in zip(parameters, accumulators) {
          guard let (rows, gradient) = rowGradient(of: parameter) else { continue }
          if parameter.hasRowKernels {
            try TorchError.check(
              withExtendedLifetime((parameter, accumulator, rows, gradient)) {
                ct_adagrad_rows(
                  parameter.pointer, accumulator.pointer, rows.pointer, gradient.pointer,
                  learningRate, configuration.epsilon, configuration.weightDecay)
              })
          } else {
            stepComposed(parameter, accumulator, rows, gradient)
          }
        }
      }
    }
  }

  /// The same arithmetic with libtorch's operators, for other dtypes and devices.
  private func stepComposed(
    _ parameter: Tensor, _ accumulator: Tensor, _ rows: Tensor, _ gradient: Tensor
  ) {
    let squares = gradient.squared()
    let sums =
      accumulator.gathered(rows: rows)
      + (configuration.isRowwise ? squares.mean(along: 1) : squares)
    accumulator.setRows(rows, to: sums)
    var divisor = sums.squareRoot() + configuration.epsilon
    if configuration.isRowwise { divisor = divisor.expandingDimension(at: 1) }
    let kept = parameter.gathered(rows: rows) * (1 - learningRate * configuration.weightDecay)
    parameter.setRows(rows, to: kept - gradient / divisor * learningRate)
  }

  /// Clears the gradients of all tables.
  public func clearGradients() { forgetGradients(of: parameters) }

  /// The accumulators as "sum.0", "sum.1" and so on.
  public var state: [String: Tensor] {
    Dictionary(accumulators.enumerated().map { ("sum.\($0.offset)", $0.element) }) { $1 }
  }

  /// Restores a state that `state` returned.
  public func restore(_ state: [String: Tensor]) throws {
    try restoreInPlace(self.state, from: state)
  }
}
