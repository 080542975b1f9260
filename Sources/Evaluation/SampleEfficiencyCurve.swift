import Storage
public import Torch

/// The accuracy of a probe as a function of the number of examples.
///
/// For each size, rows are drawn several times without replacement, the probe is fitted to them and
/// tested on the test rows. Every class of the training rows is drawn at least once, if the size
/// allows, as in the experiments of Zheng and others, ICML 2023, which redraw until that is so.
public struct SampleEfficiencyCurve: Codable, Hashable, Sendable {
  /// One size.
  public struct Point: Codable, Hashable, Sendable {
    /// The number of rows that the probe was fitted to.
    public var size: Int
    /// The accuracy of each draw, from 0 to 1.
    public var accuracies: [Double]

    /// Creates a point.
    public init(size: Int, accuracies: [Double]) {
      self.size = size
      self.accuracies = accuracies
    }

    /// The mean of the accuracies; 0 if there are none.
    public var mean: Double {
      accuracies.isEmpty ? 0 : accuracies.reduce(0, +) / Double(accuracies.count)
    }
    /// Their standard deviation, with one degree of freedom less than draws; 0 for a single draw.
    public var deviation: Double {
      guard accuracies.count > 1 else { return 0 }
      let mean = mean
      let squares = accuracies.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return (squares / Double(accuracies.count - 1)).squareRoot()
    }
  }

  /// The numbers of rows to draw; a size above the number of rows means all of them.
  public var sizes: [Int]
  /// The number of draws of each size; 5 in the experiments of Zheng and others.
  public var draws: Int
  /// The random seed.
  public var seed: UInt64

  /// Creates a curve.
  public init(sizes: [Int], draws: Int = 5, seed: UInt64 = 0) {
    self.sizes = sizes
    self.draws = draws
    self.seed = seed
  }

  /// Draws, fits and tests; two probes see the same rows.
  ///
  /// - Parameters:
  ///   - probe: the probe to fit.
  ///   - embeddings: `[N, D]`, the training rows, with `classes`, `[N]`.
  ///   - testEmbeddings: `[M, D]`, the test rows, with `testClasses`, `[M]`.
  /// - Throws: the probe's `ValueError`, or one for a size below 1.
  public func callAsFunction(
    _ probe: some EmbeddingProbe, embeddings: Tensor, classes: [Int], testEmbeddings: Tensor,
    testClasses: [Int]
  ) throws -> [Point] {
    // Validates all rows, because a draw may miss the invalid one.
    _ = try ClassIndex(classes, of: embeddings)
    return try sizes.map { size in
      guard size >= 1 else {
        throw ValueError("sizes", reason: "a size of \(size)", expected: "1 or more")
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

  /// The rows of one draw: one of each class, then random ones.
  func rows(_ size: Int, of classes: [Int], draw: Int) -> [Int] {
    var random = SplitMix64(seed, UInt64(size), UInt64(draw))
    let order = classes.indices.shuffled(using: &random)
    var seen: Set<Int> = []
    let firsts = order.filter { seen.insert(classes[$0]).inserted }
    let chosen = Set(firsts)
    return Array((firsts + order.filter { !chosen.contains($0) }).prefix(size))
  }
}
