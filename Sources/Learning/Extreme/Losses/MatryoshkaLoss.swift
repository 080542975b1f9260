public import Torch

/// The mean of a loss over prefixes of the embeddings, so that a prefix can replace the whole.
///
/// Training orders the dimensions: the first ones rank alone as well as they can, and later ones
/// refine the ranking. A model can be cut to a prefix afterwards. With ℓ a loss of queries x and
/// labels y, D their dimension, and M the lengths of the prefixes and D:
///
///     L = (1 / |M|) Σ_{m ∈ M} ℓ(x₁…ₘ, y₁…ₘ)
///
/// With `isNormalized`, the prefixes of x and y are divided by their own lengths.
///
/// - Inputs: label sets
/// - Paper: Kusupati and others. Matryoshka Representation Learning. NeurIPS 2022, section 3, with
///   one vector per label as in its MRL-E. <https://arxiv.org/abs/2205.13147>
/// - Gradient: that of ℓ at each prefix; a number counts in every prefix that contains it.
/// - Units: those of ℓ.
/// - Departures: the paper sums the losses, each with the weight 1; the mean keeps the size of ℓ.
///   The paper halves the dimension down to 8; here the lengths are free.
/// - Degenerate: without prefixes it is ℓ. A prefix of zeros stays zero.
public struct MatryoshkaLoss: Codable, Hashable, Sendable {
  /// The lengths of the prefixes, ascending, each from 1 to below D.
  public var dimensions: [Int]
  /// Whether prefixes are scaled to unit length, as the whole embeddings then are.
  public var isNormalized: Bool

  /// Creates the loss.
  public init(dimensions: [Int], isNormalized: Bool = false) {
    self.dimensions = dimensions
    self.isNormalized = isNormalized
  }

  /// The mean of `loss` over the whole and the prefixes.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`.
  ///   - labels: `[L, D]`.
  ///   - loss: receives `[B, m]` and `[L, m]`, and returns a number.
  /// - Returns: a number.
  /// - Throws: the errors of `loss`.
  /// - Precondition: the lengths ascend, from 1 to below D.
  /// - Complexity: `loss` at each length, and O(L · D) memory for the gradient of each prefix.
  public func callAsFunction(
    queries: Tensor, labels: Tensor, loss: (_ queries: Tensor, _ labels: Tensor) throws -> Tensor
  ) rethrows -> Tensor {
    let lengths = dimensions + [queries.size(along: -1)]
    precondition(
      lengths[0] > 0 && zip(lengths, lengths.dropFirst()).allSatisfy { $0 < $1 },
      "prefixes of \(dimensions) of \(queries.size(along: -1)) dimensions")
    func prefix(_ embeddings: Tensor, _ length: Int) -> Tensor {
      let part = embeddings.slice(0..<length, along: -1)
      return isNormalized ? part.normalized(along: -1) : part
    }
    let sum = try dimensions.reduce(try loss(queries, labels)) { sum, length in
      sum + (try loss(prefix(queries, length), prefix(labels, length)))
    }
    return sum * (1 / Double(lengths.count))
  }
}
