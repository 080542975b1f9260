public import Torch

/// Moves the weights of a `SparseLinear` by the gradient that came back to a batch's scores.
public protocol SparseLinearOptimizer: AnyObject {
  /// The step size η.
  var learningRate: Double { get set }
  /// Moves the weights of the batch's features and forgets the gradient.
  func step(_ scores: SparseLinearScores)
  /// What a checkpoint needs.
  var state: [String: Tensor] { get }
  /// Goes back to a state that `state` gave.
  ///
  /// - Throws: `InputError` when it does not fit.
  func restore(_ state: [String: Tensor]) throws
}

/// Gradient descent for the weights of a `SparseLinear`: w ← w − η g at the batch's features.
///
/// Where documents are few it leaves pairs that hardly err nearly at 0, which Adagrad's equal steps
/// do not: on held-out parts of bibtex and medical, sparse texts of hundreds to thousands of
/// documents, it was the better one by points; on debian-tags it was not.
///
/// - Source: Robbins, Monro. A Stochastic Approximation Method. Annals of Mathematical Statistics
///   1951. <https://doi.org/10.1214/aoms/1177729586>
public final class SparseLinearSGD: SparseLinearOptimizer {
  /// The step size η; about 100 for a softmax that is a mean over the batch, on bags of length 1.
  public var learningRate: Double

  /// An optimiser; it has no state.
  public init(learningRate: Double) { self.learningRate = learningRate }

  /// Moves the weights of the batch's features and forgets the gradient.
  public func step(_ scores: SparseLinearScores) {
    guard let gradient = scores.gradient else { return }
    let weights = scores.source.weights
    if weights.dtype == .float32 {
      let rate = Float(learningRate)
      weights.withUnsafeMutableElements(of: Float.self) { weights in
        gradient.withUnsafeBytes { bytes in
          let gradients = bytes.bindMemory(to: Float.self)
          let features = scores.features
          for number in 0..<features.count {
            for (pair, place) in zip(features.pairs(number), features.places(number)) {
              weights[pair] -= rate * gradients[place]
            }
          }
        }
      }
    } else if let gradient = scores.denseGradient() {
      weights.addInPlace(gradient, factor: -learningRate)
    }
    scores.clearGradient()
  }

  /// Empty.
  public var state: [String: Tensor] { [:] }

  /// Nothing to do.
  public func restore(_ state: [String: Tensor]) {}
}
