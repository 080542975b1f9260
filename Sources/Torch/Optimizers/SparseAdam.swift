internal import CTorch
internal import Foundation

/// Adam for large tables: reads and writes only the rows in a sparse gradient.
///
/// With the gradient g of a touched row, its moments m and v, and the number t of steps of the
/// optimiser (not of the row):
///
///     m ← β₁ m + (1 − β₁) g
///     v ← β₂ v + (1 − β₂) g²        (or mean(g²), one second moment per row)
///     w ← w · (1 − η λ) − η · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)
///
/// Moments of untouched rows do not change. A dense gradient counts as one of all rows.
///
/// - Source: Kingma, Ba. Adam: A Method for Stochastic Optimization. ICLR 2015, section 2,
///   <https://arxiv.org/abs/1412.6980>; rows are treated as in `torch.optim.SparseAdam`.
/// - Departures: none from `torch.optim.SparseAdam` with one second moment per element and λ = 0.
///   Decay is decoupled and applies only to the touched rows.
public final class SparseAdam: Optimizer {
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
    /// The decoupled weight decay λ of touched rows.
    public var weightDecay: Double
    /// Whether there is one second moment per row instead of one per element.
    public var isRowwise: Bool

    /// Creates hyperparameters.
    public init(
      learningRate: Double = 1e-3, firstDecay: Double = 0.9, secondDecay: Double = 0.999,
      epsilon: Double = 1e-8, weightDecay: Double = 0, isRowwise: Bool = false
    ) {
      self.learningRate = learningRate
      self.firstDecay = firstDecay
      self.secondDecay = secondDecay
      self.epsilon = epsilon
      self.weightDecay = weightDecay
      self.isRowwise = isRowwise
    }
  }

  /// The hyperparameters; all but `isRowwise` may change between steps.
  public var configuration: Configuration {
    willSet {
      precondition(newValue.isRowwise == configuration.isRowwise, "the moments exist already")
    }
  }
  private let parameters: [Tensor]
  private let first: [Tensor]
  private let second: [Tensor]
  private let stepCount = Tensor([0], shape: [])

  /// Creates an optimiser of tables.
  ///
  /// - Precondition: every parameter is a matrix `[rows, D]`.
  public init(_ parameters: [Tensor], _ configuration: Configuration = Configuration()) {
    self.configuration = configuration
    self.parameters = parameters
    first = parameters.map { .zeros($0.shape, dtype: $0.dtype, device: $0.device) }
    second = parameters.map { parameter in
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
        let count = stepCount.withUnsafeMutableElements(of: Int64.self) {
          $0[0] += 1
          return Int($0[0])
        }
        for index in parameters.indices {
          guard let (rows, gradient) = rowGradient(of: parameters[index]) else { continue }
          if parameters[index].hasRowKernels {
            try stepFused(index, rows, gradient, count)
          } else {
            stepComposed(index, rows, gradient, count)
          }
        }
      }
    }
  }

  private func secondCorrection(_ count: Int) -> Double {
    1 - pow(configuration.secondDecay, Double(count))
  }

  private func stepFused(_ index: Int, _ rows: Tensor, _ gradient: Tensor, _ count: Int) throws {
    try TorchError.check(
      withExtendedLifetime((rows, gradient)) {
        // The kernel adds ε to the corrected root, PyTorch's SparseAdam to the uncorrected one.
        ct_adam_rows(
          parameters[index].pointer, first[index].pointer, second[index].pointer, rows.pointer,
          gradient.pointer, Int64(count), learningRate, configuration.firstDecay,
          configuration.secondDecay, configuration.epsilon / secondCorrection(count).squareRoot(),
          configuration.weightDecay)
      })
  }

  /// The same arithmetic with libtorch's operators, for other dtypes and devices.
  private func stepComposed(_ index: Int, _ rows: Tensor, _ gradient: Tensor, _ count: Int) {
    let (keep1, keep2) = (configuration.firstDecay, configuration.secondDecay)
    let squares = gradient.squared()
    let mean = first[index].gathered(rows: rows) * keep1 + gradient * (1 - keep1)
    let square =
      second[index].gathered(rows: rows) * keep2
      + (configuration.isRowwise ? squares.mean(along: 1) : squares) * (1 - keep2)
    first[index].setRows(rows, to: mean)
    second[index].setRows(rows, to: square)
    var divisor = square.squareRoot() + configuration.epsilon
    if configuration.isRowwise { divisor = divisor.expandingDimension(at: 1) }
    let rate =
      learningRate * secondCorrection(count).squareRoot() / (1 - pow(keep1, Double(count)))
    let kept =
      parameters[index].gathered(rows: rows) * (1 - learningRate * configuration.weightDecay)
    parameters[index].setRows(rows, to: kept - mean / divisor * rate)
  }

  /// Clears the gradients of all tables.
  public func clearGradients() { forgetGradients(of: parameters) }

  /// The number of steps as "step", the moments as "first.0", "second.0" and so on.
  public var state: [String: Tensor] {
    var state = ["step": stepCount]
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
}
