public import Torch

/// The forward-corrected loss: the likelihood of complementary labels under the predicted classes.
///
/// With pᵢ the softmax of row i's logits, k̄ᵢ its complementary label and Q(y, k) the probability that
/// an example of class y gets the complementary label k:
///
///     L = −(1 / N) Σᵢ log Σ_y pᵢ(y) Q(y, k̄ᵢ)
///
/// - Inputs: complementary labels
/// - Paper: Yu, Liu, Gong, Tao. Learning with Biased Complementary Labels. ECCV 2018.
///   <https://arxiv.org/abs/1711.09535>
/// - Gradient: reaches all logits.
/// - Units: nats, averaged over rows. For uniform labels it is that of `SCLLoss` plus log(K − 1).
/// - Departures: none from the equation, as in the code of Ishida and others. libcll adds 1e-6 to the
///   probability.
public struct ComplementaryForwardLoss: Codable, Hashable, Sendable {
  /// Q: a row for each class, a column for each complementary label; rows sum to 1.
  public var transitions: [[Double]]

  /// Creates the loss.
  public init(transitions: [[Double]]) { self.transitions = transitions }

  /// The loss for complementary labels drawn evenly from the other classes.
  public static func uniform(classes: Int) -> Self {
    Self(
      transitions: (0..<classes).map { row in
        (0..<classes).map { $0 == row ? 0 : 1 / Double(classes - 1) }
      })
  }

  /// The loss of rows with one complementary label each.
  ///
  /// - Parameters:
  ///   - logits: `[N, K]`.
  ///   - complements: a class of each row that is not the row's.
  /// - Returns: a scalar; infinite if a label is impossible for every class.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one complementary label per row, N > 0, Q is K × K with numbers from 0.
  public func callAsFunction(logits: Tensor, complements: [Int]) throws -> Tensor {
    let classes = logits.size(along: 1)
    precondition(
      transitions.count == classes && transitions.allSatisfy { $0.count == classes },
      "transitions of \(transitions.count) classes for logits of shape \(logits.shape)")
    precondition(transitions.joined().allSatisfy { $0 >= 0 }, "a negative probability")
    let denied = complementIndices(complements, of: logits).squeezed(along: 1)
    return try checked {
      let ways = Tensor(rows: transitions).log().transposed().converted(to: logits.dtype)
        .moved(to: logits.device).gathered(rows: denied)  // [N, K]
      return -(logits.logSoftmax(along: 1) + ways).logSumExp(along: 1).mean()
    }
  }
}
