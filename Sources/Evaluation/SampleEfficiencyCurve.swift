public import Torch

/// How well a probe does as it sees more examples.
///
/// For each size, rows are drawn without replacement a number of times, the probe is fitted to them
/// and tried on the test rows. Every class of the training rows is drawn at least once, where the
/// size allows, as in the experiments of Zheng and others, ICML 2023, which draw again until it is.
public struct SampleEfficiencyCurve: Codable, Hashable, Sendable {
  /// One size.
  public struct Point: Codable, Hashable, Sendable {
    /// The number of rows that the probe was fitted to.
    public var size: Int
    /// The accuracy of each draw, from 0 to 1.
    public var accuracies: [Double]

    /// Takes both.
    public init(size: Int, accuracies: [Double]) {
      self.size = size
      self.accuracies = accuracies
    }

    /// The mean of the accuracies; 0 of none.
    public var mean: Double {
      accuracies.isEmpty ? 0 : accuracies.reduce(0, +) / Double(accuracies.count)
    }
    /// Their standard deviation, with one degree of freedom less than draws; 0 of one.
    public var deviation: Double {
      guard accuracies.count > 1 else { return 0 }
      let mean = mean
      let squares = accuracies.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return (squares / Double(accuracies.count - 1)).squareRoot()
    }
  }

  /// How many rows are drawn; a size above the number of rows is all of them.
  public var sizes: [Int]
  /// How often each size is drawn; 5 in the experiments of Zheng and others.
  public var draws: Int
  /// Names the random numbers.
  public var seed: UInt64

  /// Sets up a curve.
  public init(sizes: [Int], draws: Int = 5, seed: UInt64 = 0) {
    self.sizes = sizes
    self.draws = draws
    self.seed = seed
  }

  /// Draws and tries; two probes see the same rows.
  ///
  /// - Parameters:
  ///   - probe: what is fitted.
  ///   - embeddings: `[N, D]`, to draw from, with `classes`, `[N]`.
  ///   - testEmbeddings: `[M, D]`, to try on, with `testClasses`, `[M]`.
  /// - Throws: `InputError` as the probe does, or for a size below 1.
  public func callAsFunction(
    _ probe: some EmbeddingProbe, embeddings: Tensor, classes: [Int], testEmbeddings: Tensor,
    testClasses: [Int]
  ) throws -> [Point] {
    // Checks all rows, where a draw may miss the faulty one.
    _ = try ClassIndex(classes, of: embeddings)
    return try sizes.map { size in
      guard size >= 1 else {
        throw InputError(file: "sizes", reason: "a size of \(size)", expected: "1 or more")
      }
      let accuracies = try (0..<draws).map { draw in
        let rows = rows(size, of: classes, draw: draw)
        let fitted = try probe.fitted(
          to: embeddings.gathered(rows: Tensor(rows)), classes: rows.map { classes[$0] })
        return try fitted.accuracy(on: testEmbeddings, classes: testClasses)
      }
      return Point(size: min(size, classes.count), accuracies: accuracies)
    }
  }

  /// The rows of one draw: one of each class, then whatever comes.
  func rows(_ size: Int, of classes: [Int], draw: Int) -> [Int] {
    var random = SplitMix64(seed, UInt64(size), UInt64(draw))
    let order = classes.indices.shuffled(using: &random)
    var seen: Set<Int> = []
    let firsts = order.filter { seen.insert(classes[$0]).inserted }
    let chosen = Set(firsts)
    return Array((firsts + order.filter { !chosen.contains($0) }).prefix(size))
  }
}
