import Kernels
public import Torch

/// A loss that is low if each example's nearest neighbours are near and of its class, and examples
/// of other classes are far.
///
/// It turns the inter- and intra-class nearest-neighbour score into a loss. For example i, dᵢ are
/// the distances √(‖x − y‖² + 1e-6) to its K nearest others in order, uᵢ the nearest of another
/// class among its R nearest (∞ if there is none), Sᵢ and Oᵢ those of the K in its own and in other
/// classes:
///
///     rᵢⱼ   = (dᵢⱼ / uᵢ) / max(1, max_j dᵢⱼ / uᵢ)
///     inner = 1 − mean over i with Sᵢ of mean_{Sᵢ} rᵢⱼ
///     outer = mean over i with Oᵢ of mean_{Oᵢ} dᵢⱼ / max of all such d;  1 if no i has any
///     share = mean over i of |Sᵢ| / K;                          1 where K + 2 ≥ N
///     L     = −log ((inner + outer) / 2 + share) / 2
///
/// - Inputs: class labels
/// - Paper: Mendez-Ruiz, Gonzalez-Zapata, Reyes-Amezcua, Flores-Araiza, Lopez-Tiro, Mendez-Vazquez,
///   Ochoa-Ruiz. SuSana Distancia is all you need. 2023. <https://arxiv.org/abs/2305.09062>
/// - Gradient: reaches the embeddings through all distances, uᵢ and both maxima; the choice of
///   neighbours is not differentiated.
/// - Units: a logarithm, 0 at best. The share of same-class neighbours has no gradient.
/// - Departures: the formula follows the authors' code, because the paper's full text was not
///   available; the variance term of their older score is not part of that loss. Like the code,
///   this adds 1e-7 to every divisor. The code drops the nearest neighbour as the example itself,
///   even between queries and supports and among duplicates; here the example itself is left out.
/// - Degenerate: fewer than three examples have loss 0.
public struct ICNNLoss: Codable, Hashable, Sendable {
  /// The number K of neighbours, 1 … N − 2; default 4, from the authors' code.
  public var neighbours: Int
  /// The number R > K of neighbours among which the nearest of another class is searched.
  ///
  /// Nil means K + 1, as in the authors' code, which uses the number of examples per class (shots
  /// and queries) for whole episodes.
  public var reach: Int?

  /// Creates the loss.
  public init(neighbours: Int = 4, reach: Int? = nil) {
    self.neighbours = neighbours
    self.reach = reach
  }

  /// The loss of an episode.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`, not normalised here.
  ///   - classes: one per embedding.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one class per embedding, K ≥ 1, R > K.
  /// - Complexity: O(N² · D) time, O(N²) memory.
  public func callAsFunction(embeddings: Tensor, classes: [Int]) throws -> Tensor {
    let known = Tensor.classes(classes, of: embeddings)
    let count = classes.count
    precondition(neighbours > 0, "\(neighbours) neighbours")
    if count < 3 { return embeddings.sum() * 0 }
    let used = min(neighbours, count - 2)
    let searched = min(reach ?? used + 1, count - 1)
    precondition(searched > used, "\(used) neighbours with a reach of \(searched)")
    return try checked {
      let itself = Tensor.identity(count, device: embeddings.device).isGreater(than: 0)
      let squares = embeddings.distances(to: embeddings).squared() + 1e-6
      let order = squares.detached().replacing(where: itself, with: .infinity)
        .sorted(along: 1).indices.slice(0..<searched, along: 1)
      let distances = squares.squareRoot().gathered(at: order, along: 1)
      let same = known.elements(at: order).isEqual(to: known.expandingDimension(at: 1))
      return score(distances, same, used: used, count: count)
    }
  }

  private func score(_ distances: Tensor, _ same: Tensor, used: Int, count: Int) -> Tensor {
    let tiny = 1e-7
    let foreign = distances.replacing(where: same, with: .infinity)
      .minimum(along: 1, keepingDimensions: true)
    let near = distances.slice(0..<used, along: 1)
    let own = same.slice(0..<used, along: 1)
    let other = own.logicalNot()
    func mean(_ values: Tensor, _ mask: Tensor) -> Tensor {
      let counts = mask.converted(to: values.dtype).sum(along: 1)
      let sums = values.replacing(where: mask.logicalNot(), with: 0).sum(along: 1)
      let rows = counts.isGreater(than: 0).converted(to: values.dtype).sum()
      return (sums / (counts + tiny)).sum() / (rows + tiny)
    }
    let relative = near / (foreign + tiny)
    let largest = relative.maximum(along: 1, keepingDimensions: true).clamped(from: 1)
    let inner = 1 - mean(relative / largest, own)
    let farthest = near.replacing(where: own, with: 0).maximum()
    let nobody = other.converted(to: near.dtype).sum().isEqual(to: 0)
    let outer = mean(near / (farthest + tiny), other).replacing(where: nobody, with: 1)
    let share =
      used + 2 >= count
      ? Tensor.ones([], dtype: near.dtype, device: near.device)
      : own.converted(to: near.dtype).mean()
    return -(((inner + outer) * 0.5 + share) * 0.5).log()
  }
}
