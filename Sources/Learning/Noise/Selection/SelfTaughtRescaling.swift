import Foundation
public import Torch

/// Learns to scale the losses of examples from the model's own outputs, such that wrong labels count less,
/// without any clean labels (STORM).
///
/// A perceptron Ω reads the outputs of the model θ for an example with class y. With its probabilities p of C
/// classes, their entropy H, the step α, a batch B, and V drawn from the same noisy examples with chances in
/// proportion to s:
///
///     f    = [−log p_y, p_y − max_{c ≠ y} p_c, 1 − H / log C]
///     s    = sigmoid(Ω(f)),   wᵢ = sᵢ / Σ_{j ∈ B} sⱼ
///     θ'   = θ − α ∇_θ Σ_{i ∈ B} wᵢ ℓᵢ(θ)
///     L_Ω  = mean over j ∈ V of ℓⱼ(θ')
///
/// In each step Ω descends L_Ω, and then the model descends Σ wᵢ ℓᵢ with the new weights.
///
/// - Paper: Heck, Geishauser, Lubis, van Niekerk, Feng, Lin, Ruppik, Vukovic, Gašić. Learning from Noisy
///   Labels via Self-Taught On-the-Fly Meta Loss Rescaling. AAAI 2025. <https://arxiv.org/abs/2412.12955>
/// - Gradient: that of L_Ω reaches Ω through θ'; that of the weighted loss reaches the model alone.
/// - Units: nats; s lies in 0 … 1.
/// - Departures: written from the abstract, since neither the text nor the authors' code was at hand. The
///   features f, the logistic output and the weights' sum of 1 are ours.
public final class SelfTaughtRescaling: Layer, Sendable {
  /// From the three features to a hidden layer.
  public let hidden: Linear
  /// From the hidden layer to one number.
  public let output: Linear

  /// Creates Ω from its two layers, which it trains in place.
  ///
  /// - Precondition: three inputs and one output.
  public init(hidden: Linear, output: Linear) {
    precondition(
      hidden.weight.size(along: 1) == 3 && output.weight.size(along: 0) == 1,
      "layers \(hidden.weight.shape) and \(output.weight.shape), expected [H, 3] and [1, H]")
    self.hidden = hidden
    self.output = output
  }

  /// Creates Ω with random weights and a hidden layer of so many numbers.
  public convenience init(width: Int, generator: Generator) {
    self.init(
      hidden: Linear(from: 3, to: width, generator: generator),
      output: Linear(from: width, to: 1, generator: generator))
  }

  /// Those of the layers, under `hidden` and `output`.
  public var parameters: [(name: String, tensor: Tensor)] {
    hidden.parameters(under: "hidden") + output.parameters(under: "output")
  }

  /// s of examples, `[N]`, from class scores `[N, C]`, which get no gradient.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one class in 0 ..< C for each row, N > 0 and C > 1.
  public func scales(scores: Tensor, classes: [Int]) throws -> Tensor {
    let given = ClassScores(scores.detached(), classes: classes)
    precondition(given.count > 1, "scores of \(given.count) class")
    return try checked {
      let logs = given.logProbabilities
      let probabilities = logs.exp()
      let others = (probabilities - given.oneHot * 2).maximum(along: 1)
      let negentropy = (probabilities * logs).sum(along: 1) * (1 / log(Double(given.count))) + 1
      let features = [
        given.own(logs) * -1, given.own(probabilities) - others, negentropy,
      ].map { $0.expandingDimension(at: 1) }
      return output(hidden(.concatenated(features, along: 1)).tanh()).sigmoid().squeezed(along: 1)
    }
  }

  /// Σ wᵢ ℓᵢ of a batch, a scalar.
  ///
  /// - Parameter isMeta: whether the gradient reaches Ω, too.
  /// - Throws: `TorchError` if libtorch fails.
  public func loss(scores: Tensor, classes: [Int], isMeta: Bool = false) throws -> Tensor {
    let found = try scales(scores: scores, classes: classes)
    let scales = isMeta ? found : found.detached()
    let losses = ClassScores(scores, classes: classes).ownLogProbabilities * -1
    return try checked { (scales * losses).sum() / scales.sum() }
  }

  /// L_Ω, a scalar, whose gradient reaches Ω.
  ///
  /// - Parameters:
  ///   - parameters: θ, each of which requires gradients.
  ///   - step: α.
  ///   - scores: the class scores of the batch by the model with given parameters.
  ///   - classes: the given class of each row of the batch.
  ///   - validation: the class scores of V by the model with given parameters.
  ///   - validationClasses: the given class of each row of V.
  /// - Throws: `TorchError` if libtorch fails; the errors of the closures.
  public func metaLoss(
    of parameters: [Tensor], step: Double, scores: ([Tensor]) throws -> Tensor, classes: [Int],
    validation: ([Tensor]) throws -> Tensor, validationClasses: [Int]
  ) throws -> Tensor {
    let value = try loss(scores: scores(parameters), classes: classes, isMeta: true)
    let slopes = try gradients(of: value, withRespectTo: parameters, creatingGraph: true)
    let moved = zip(parameters, slopes).map { parameter, slope in
      slope.map { parameter - $0 * step } ?? parameter
    }
    let judged = ClassScores(try validation(moved), classes: validationClasses)
    return try checked { judged.ownLogProbabilities.mean() * -1 }
  }

  /// Examples for V: `count` different indices, drawn one after the other with chances in proportion to s.
  ///
  /// - Parameter scales: s of the examples; one of 0 comes last.
  /// - Precondition: 0 ≤ `count` ≤ the number of examples; no scale is negative.
  public static func drawn(
    _ count: Int, scales: [Double], using random: inout some RandomNumberGenerator
  ) -> [Int] {
    precondition(
      (0...scales.count).contains(count) && scales.allSatisfy { $0 >= 0 },
      "\(count) of \(scales.count) examples, or a negative scale")
    // The times of the first events of processes with these rates are in the order of such a draw.
    let times = scales.map {
      -log(Double.random(in: Double.leastNonzeroMagnitude..<1, using: &random)) / $0
    }
    return Array(scales.indices.sorted { (times[$0], $0) < (times[$1], $1) }.prefix(count))
  }
}
