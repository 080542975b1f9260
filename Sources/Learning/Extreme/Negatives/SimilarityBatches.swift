public import Storage
import Torch

/// Fills batches with an example and its nearest neighbours, some of the nearest and some drawn
/// from slightly farther ones.
///
/// The examples are visited in random order. One without a batch joins the current batch and brings
/// its neighbours along: the `neighbours` / 2 nearest of its list and as many drawn from the rest
/// of the first `range`, except those that already have a batch. A full batch is closed. With
/// neighbours known in advance (geographic ones in the paper) this is neighbour sampling, for the
/// first epochs; with lists refreshed every few epochs from the model's embeddings it is dynamic
/// similarity sampling.
///
/// - Paper: Deuser, Habel, Oswald. Sample4Geo: Hard Negative Sampling For Cross-View
///   Geo-Localisation. WACV 2024, its two samplers. <https://arxiv.org/abs/2303.11851>
/// - Gradient: none.
/// - Units: examples.
/// - Departures: the authors' code drops an incomplete last batch and never takes example 0 as a
///   neighbour; here every example is used in every epoch.
/// - Degenerate: examples without neighbours are shuffled.
public struct SimilarityBatches: Codable, Hashable, Sendable {
  /// The number of examples per batch; default 128, from the authors' code.
  public var batchSize: Int
  /// The number K of neighbours that an example brings along; default 64, from the authors' code.
  public var neighbours: Int
  /// The length of the neighbour list to draw from; default 128, from the authors' code.
  public var range: Int

  /// Creates a sampler; the defaults are the authors'.
  public init(batchSize: Int = 128, neighbours: Int = 64, range: Int = 128) {
    self.batchSize = batchSize
    self.neighbours = neighbours
    self.range = range
  }

  /// All examples, each once; batch k is the k-th run of `batchSize`.
  ///
  /// - Parameters:
  ///   - lists: `[N, N]`; the neighbours of each example, nearest first.
  ///   - random: draws the order and the neighbours.
  /// - Complexity: O(N · `range`) time.
  public func order(_ lists: CSRMatrix, using random: inout SplitMix64) -> [Int] {
    let pool = (0..<lists.rowCount).shuffled(using: &random)
    return order(lists, pool: pool) { $0.shuffled(using: &random) }
  }

  /// The same with explicit random choices: the order of the examples and the shuffles of
  /// neighbours.
  func order(
    _ lists: CSRMatrix, pool: [Int], shuffled: (ArraySlice<Int32>) -> [Int32]
  ) -> [Int] {
    precondition(batchSize >= 1 && neighbours >= 0 && range >= 0, "a negative count")
    let half = neighbours / 2
    var isUsed = [Bool](repeating: false, count: lists.rowCount)
    var order: [Int] = []
    order.reserveCapacity(pool.count)
    func join(_ example: Int) {
      guard !isUsed[example] else { return }
      isUsed[example] = true
      order.append(example)
    }
    for example in pool where !isUsed[example] {
      let end = (order.count / batchSize + 1) * batchSize
      join(example)
      guard order.count < end else { continue }
      let list = Array(lists.columns(ofRow: example).prefix(range))
      for neighbour in list.prefix(half) + shuffled(list.dropFirst(half)).prefix(half) {
        guard order.count < end else { break }
        join(Int(neighbour))
      }
    }
    return order
  }
}
