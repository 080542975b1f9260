public import Torch

/// A loss that is low where the nearest neighbours of each example are of its class and near, and
/// those of other classes far.
///
/// The inter- and intra-class nearest-neighbour score turned into a loss. For example i, d are the
/// distances √(‖x − y‖² + 1e-6) of its K nearest others in order, uᵢ the nearest of another class
/// among its R nearest (∞ if there is none), S and O those of the K of its own and of other classes:
///
///     rᵢⱼ   = (dᵢⱼ / uᵢ) / max(1, max_j dᵢⱼ / uᵢ)
///     inner = 1 − mean over i with Sᵢ of mean_{Sᵢ} rᵢⱼ
///     outer = mean over i with Oᵢ of mean_{Oᵢ} dᵢⱼ / max of all such d;  1 if no i has any
///     share = mean over i of |Sᵢ| / K;                          1 where K + 2 ≥ N
///     L     = −log ((inner + outer) / 2 + share) / 2
///
/// - Paper: Mendez-Ruiz, Gonzalez-Zapata, Reyes-Amezcua, Flores-Araiza, Lopez-Tiro, Mendez-Vazquez,
///   Ochoa-Ruiz. SuSana Distancia is all you need. 2023. <https://arxiv.org/abs/2305.09062>
/// - Gradient: reaches the embeddings through all distances, uᵢ and both maxima; who is a neighbour
///   has none.
/// - Units: a logarithm, 0 at best. The share of neighbours of the own class has no gradient.
/// - Departures: the formula is that of the authors' code, since the paper's full text could not be
///   had; the variance term of its older score is not part of the loss there. The code adds 1e-7 to
///   every divisor, and so does this. It drops the nearest neighbour as the example itself, also
///   between queries and supports and among duplicates; here the example itself is left out.
/// - Degenerate: fewer than three examples have loss 0.
public struct ICNNLoss: Codable, Hashable, Sendable {
  /// How many neighbours count, K ≥ 1, at most N − 2; the authors' code has 4.
  public var neighbours: Int
  /// Among how many the nearest of another class is searched, R > K.
  ///
  /// Nil is K + 1, as in the authors' code, which takes the number of examples of a class (shots and
  /// queries) for whole episodes.
  public var reach: Int?

  /// Makes the loss.
  public init(neighbours: Int = 4, reach: Int? = nil) {
    self.neighbours = neighbours
    self.reach = reach
  }

  /// The loss of an episode.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`, as they are.
  ///   - classes: one an embedding.
  /// - Returns: a number, differentiable once.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: one class an embedding, K ≥ 1, R > K.
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
