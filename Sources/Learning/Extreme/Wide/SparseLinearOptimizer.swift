public import Torch

/// Updates the weights of a `SparseLinear` by the gradient accumulated in a batch's scores.
public protocol SparseLinearOptimizer: AnyObject {
  /// The learning rate η.
  var learningRate: Double { get set }
  /// Updates the weights of the batch's features and discards the gradient.
  func step(_ scores: SparseLinearScores)
  /// The state to save in a checkpoint.
  var state: [String: Tensor] { get }
  /// Restores a saved `state`.
  ///
  /// - Throws: `ValueError` if it does not match the weights.
  func restore(_ state: [String: Tensor]) throws
}

/// Gradient descent for the weights of a `SparseLinear`: w ← w − η g at the batch's features.
///
/// With few documents it leaves pairs with small errors near 0, which Adagrad's equal step sizes do
/// not: on held-out parts of bibtex and medical, sparse texts of hundreds to thousands of
/// documents, it was better by points; on debian-tags it was not.
///
/// - Source: Robbins, Monro. A Stochastic Approximation Method. Annals of Mathematical Statistics
///   1951. <https://doi.org/10.1214/aoms/1177729586>
public final class SparseLinearSGD: SparseLinearOptimizer {
  /// The learning rate η; about 100 for a softmax averaged over the batch, with bags of length 1.
  public var learningRate: Double

  /// Creates an optimiser, which has no state.
  public init(learningRate: Double) { self.learningRate = learningRate }

  /// Updates the weights of the batch's features and discards the gradient.
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

  /// Does nothing.
  public func restore(_ state: [String: Tensor]) {}
}
