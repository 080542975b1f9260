public import Torch

/// Fills batches with an example and its nearest neighbours, some of the nearest and some drawn
/// from those a little farther.
///
/// The examples are gone through in random order. One that has no batch yet joins the current one
/// and brings its neighbours along: the `neighbours` / 2 nearest of its list and as many drawn from
/// the rest of the first `range`; those that have a batch already stay there. A full batch is
/// closed. With neighbours known beforehand (places on a map, in the paper) this is sampling by
/// neighbours, for the first epochs; with lists that are searched anew every few epochs by the
/// model's own embeddings it is dynamic similarity sampling.
///
/// - Paper: Deuser, Habel, Oswald. Sample4Geo: Hard Negative Sampling For Cross-View
///   Geo-Localisation. WACV 2024, its two samplers. <https://arxiv.org/abs/2303.11851>
/// - Gradient: none.
/// - Units: examples.
/// - Departures: the authors' code drops the last batch where it is not full and never takes example
///   0 as a neighbour; here every example has its place in every epoch.
/// - Degenerate: examples without neighbours are shuffled.
public struct SimilarityBatches: Codable, Hashable, Sendable {
  /// Examples of a batch; 128 in the authors' code.
  public var batchSize: Int
  /// How many neighbours an example brings along, K; 64 in the authors' code.
  public var neighbours: Int
  /// How much of a list of neighbours is looked at; 128 in the authors' code.
  public var range: Int

  /// Sets up the sampler with the authors' numbers, unless told otherwise.
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

  /// The same with chance spelt out: the order of the examples, and how far neighbours are shuffled.
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
