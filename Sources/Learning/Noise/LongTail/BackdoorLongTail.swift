import Storage
public import Torch

/// Corrects several fine-tuned foundation models for the looks of classes that each has missed.
///
/// Pretraining data of unlike sizes leave a model that knows some classes by a part of their looks,
/// and no reweighting of the downstream classes mends that. The models m = 1 … M stand for the
/// values c of this confounder, and the adjustment averages over them with equal probability:
///
///     P(y | do(x)) = Σ_c P(y | x, c) P(c) = (1 / M) Σₘ softmax(fₘ(x))_y
///
/// Each fₘ is fine-tuned with the classes' shares πᵧ of the downstream data added to its logits, so
/// that it predicts under equal classes: L = −log softmax(fₘ(x) + log π)_y.
///
/// - Paper: Chen, Qin, Li, Chen, Su. Rethinking the Bias of Foundation Model under Long-tailed
///   Distribution. ICML 2025, equation 7. <https://arxiv.org/abs/2501.15955>
/// - Gradient: that of `adjustedLoss` reaches the logits; `callAsFunction` reaches all models' logits.
/// - Units: probabilities that sum to 1; the loss in nats, averaged over rows.
/// - Departures: the equation averages probabilities, the authors' code adds logits; `combines` has
///   both, default logits. The equation is known here from reviews and from that code; the paper's
///   text was not available. `pretrainingPrior` is the estimate that the paper takes from Zhu, Tang,
///   Sun, Zhang. Generalized Logit Adjustment. NeurIPS 2023, <https://arxiv.org/abs/2310.08106>,
///   without a network.
public struct BackdoorLongTail: Codable, Hashable, Sendable {
  /// The numbers that are averaged over the models.
  public enum Combination: String, Codable, Hashable, Sendable, CaseIterable {
    /// Logits, as in the authors' code: the models' geometric mean, scaled to sum to 1.
    case logits
    /// Probabilities, as in the equation.
    case probabilities
  }

  /// The numbers that are averaged; default logits.
  public var combines: Combination

  /// Creates an adjustment.
  public init(combines: Combination = .logits) { self.combines = combines }

  /// The probabilities of the classes, `[N, C]`.
  ///
  /// - Parameter logits: those of each model, `[N, C]`.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: there is a model, and all have one shape.
  public func callAsFunction(_ logits: [Tensor]) throws -> Tensor {
    precondition(
      !logits.isEmpty && logits.allSatisfy { $0.shape == logits[0].shape },
      "logits of shapes \(logits.map(\.shape))")
    let all = Tensor.stacked(logits)
    return try checked {
      switch combines {
      case .logits: all.mean(along: 0).softmax(along: 1)
      case .probabilities: all.softmax(along: 2).mean(along: 0)
      }
    }
  }

  /// The loss that each model is fine-tuned with.
  ///
  /// - Parameters:
  ///   - logits: `[N, C]`.
  ///   - classes: `[N]` int64.
  ///   - counts: the examples of each class in the downstream data; one without counts as 1.
  /// - Returns: a scalar.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one count for each class.
  public static func adjustedLoss(_ logits: Tensor, classes: Tensor, counts: [Int]) throws -> Tensor
  {
    precondition(
      logits.dimensionCount == 2 && logits.size(along: 1) == counts.count,
      "logits \(logits.shape) of \(counts.count) classes")
    let shares = Tensor(counts.map { Double(max($0, 1)) / Double(counts.reduce(0, +)) }).log()
    return try checked {
      (logits + shares.converted(to: logits.dtype)).crossEntropy(ofClasses: classes)
    }
  }

  /// The shares of the classes in the data that a model was pretrained on, from its logits.
  ///
  ///     q = argmin over q of the mean of −log softmax(f(x) − log q)_y
  ///
  /// on examples of which each class has as many. A class below its share is one of the tail by
  /// parameters.
  ///
  /// - Parameters:
  ///   - logits: f, `[N, C]`, of the model before fine-tuning.
  ///   - classes: the class of each row, 0 ..< C; weighted so that each class counts as much.
  ///   - steps: of a fixed-point iteration.
  /// - Returns: C shares that sum to 1.
  /// - Throws: `ValueError` if a class has no row.
  /// - Precondition: one class for each row.
  public static func pretrainingPrior(
    logits: Tensor, classes: [Int], steps: Int = 200
  ) throws -> [Double] {
    let count = logits.size(along: 1)
    precondition(
      logits.size(along: 0) == classes.count && classes.allSatisfy { (0..<count).contains($0) },
      "logits \(logits.shape) of \(classes.count) rows")
    var sizes = [Double](repeating: 0, count: count)
    for label in classes { sizes[label] += 1 }
    if let missing = sizes.firstIndex(of: 0) {
      throw ValueError(
        "classes", reason: "class \(missing) has no row",
        expected: "a row or more of each of \(count) classes")
    }
    let weights = Tensor(classes.map { 1 / (sizes[$0] * Double(count)) }).expandingDimension(at: 1)
    let scores = logits.detached().converted(to: .float64)
    var logs = Tensor.zeros([count], dtype: .float64)
    try checked {
      for _ in 0..<steps {
        // At the minimum the model predicts each class as often as it is.
        let predicted = ((scores - logs).softmax(along: 1) * weights).sum(along: 0)
        logs = logs + (predicted.clamped(from: 1e-300) * Double(count)).log()
        logs = logs - logs.logSumExp(along: 0)
      }
    }
    return logs.exp().doubles()
  }
}
