import Storage
public import Torch

/// Cuts images into nine permuted tiles; a classifier predicts the permutation from the tiles.
///
/// The permutations are few and far apart: chosen greedily from a thousand random ones, each the
/// one with the largest minimum distance to those before. Each image gets one of them:
///
///     tile t of y = tile π_k(t) of x     k drawn from 0 … K − 1, the class
///
/// - Paper: Noroozi, Favaro. Unsupervised Learning of Visual Representations by Solving Jigsaw
///   Puzzles. ECCV 2016, section 3 and algorithm 1. <https://arxiv.org/abs/1603.09246>. Combined
///   with a contrastive loss: Kinakh, Taran, Voloshynovskiy. ScatSimCLR. ICCV Workshops 2021,
///   section 3. <https://arxiv.org/abs/2108.13939>
/// - Gradient: reaches the images.
/// - Units: none.
/// - Departures: tiles are adjacent and not stretched; the first paper leaves gaps, the second
///   one's code stretches tiles to the image size. Permutations are chosen among a thousand random
///   ones where the first paper searches all 362,880; if a side is not a multiple of 3, the
///   remaining pixels are cut off at the end.
public struct Jigsaw: Codable, Hashable, Sendable {
  /// The number K of permutations; default 35, from ScatSimCLR's code.
  public var orderCount: Int
  /// The seed of the permutations.
  public var seed: UInt64

  /// Creates a task with a number of permutations.
  public init(orderCount: Int = 35, seed: UInt64 = 0) {
    self.orderCount = orderCount
    self.seed = seed
  }

  /// The number of tiles.
  public static let tileCount = 9

  /// The permutations, identical for identical seeds.
  ///
  /// - Precondition: the number of permutations is in 1 … 100.
  public var orders: [[Int]] {
    precondition((1...100).contains(orderCount), "\(orderCount) orders")
    var random = SplitMix64(seed)
    let candidates = (0..<1000).map { _ in
      let keys = (0..<Self.tileCount).map { _ in random.next() }
      return keys.indices.sorted { keys[$0] < keys[$1] }
    }
    var chosen = [candidates[0]]
    var nearest = candidates.map { Self.distance($0, candidates[0]) }
    while chosen.count < orderCount {
      let best = nearest.indices.reduce(0) { nearest[$1] > nearest[$0] ? $1 : $0 }
      chosen.append(candidates[best])
      for place in nearest.indices {
        nearest[place] = min(nearest[place], Self.distance(candidates[place], candidates[best]))
      }
    }
    return chosen
  }

  private static func distance(_ first: [Int], _ second: [Int]) -> Int {
    zip(first, second).count { $0 != $1 }
  }

  /// Permuted tiles and their permutations.
  ///
  /// - Parameters:
  ///   - batch: `[N, C, H, W]` with sides of at least 3.
  ///   - generator: a CPU generator.
  /// - Returns: tiles `[9N, C, ⌊H / 3⌋, ⌊W / 3⌋]`, image by image, and classes `[N]` int64.
  public func callAsFunction(_ batch: Tensor, generator: Generator) -> (
    tiles: Tensor, classes: Tensor
  ) {
    let shape = batch.shape
    precondition(
      shape.count == 4 && shape[2] >= 3 && shape[3] >= 3, "\(shape), expected [N, C, H, W]")
    let classes = Tensor.integers([shape[0]], in: 0..<orderCount, generator: generator)
    let (height, width) = (shape[2] / 3, shape[3] / 3)
    let tiles = batch.slice(0..<(3 * height), along: 2).slice(0..<(3 * width), along: 3)
      .reshaped([shape[0], shape[1], 3, height, 3, width]).permuted([0, 2, 4, 1, 3, 5])
      .reshaped([shape[0] * Self.tileCount, shape[1], height, width])
    let orders = orders
    let places = classes.array(of: Int64.self).enumerated().flatMap { picture, order in
      orders[Int(order)].map { Self.tileCount * picture + $0 }
    }
    let moved = Tensor(places).moved(to: batch.device)
    return (tiles.gathered(rows: moved), classes.moved(to: batch.device))
  }
}
