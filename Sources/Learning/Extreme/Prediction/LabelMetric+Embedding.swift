import Storage

/// The Euclidean distance between vectors, such as embeddings of the labels' texts.
///
/// Here Σᵢ pᵢ |y − yᵢ|² = |y − m|² + const with m = Σᵢ pᵢ yᵢ, so the Fréchet mean is the label
/// nearest to the mean vector: one search instead of one per label of the support. With unit
/// vectors the order is that of cosines.
public struct EmbeddingLabelMetric: LabelMetric {
  /// The number of labels.
  public let labelCount: Int
  private let dimension: Int
  /// `[N · D]`, row by row.
  private let vectors: [Float]
  /// |y|² of each label.
  private let squaredLengths: [Double]

  /// Creates a metric from vectors, `[N · D]`, row by row.
  ///
  /// - Throws: `ValueError` if they do not form complete rows, or if a number is not finite.
  public init(vectors: [Float], dimension: Int) throws {
    guard dimension >= 1, vectors.count % dimension == 0 else {
      throw ValueError(
        "label vectors", reason: "\(vectors.count) numbers",
        expected: "a multiple of the dimension \(dimension)")
    }
    if let place = vectors.firstIndex(where: { !$0.isFinite }) {
      throw ValueError(
        "label vectors",
        reason: "the vector of label \(place / dimension) has \(vectors[place])",
        expected: "finite numbers")
    }
    labelCount = vectors.count / dimension
    self.dimension = dimension
    self.vectors = vectors
    squaredLengths = (0..<labelCount).map { label in
      vectors[(label * dimension)..<((label + 1) * dimension)].reduce(0) {
        $0 + Double($1) * Double($1)
      }
    }
  }

  /// Squared distances from a label's vector.
  public func squaredDistances(from label: Int) -> [Double] {
    vectors.withUnsafeBufferPointer { vectors in
      (0..<labelCount).map { other in
        var sum = 0.0
        for d in 0..<dimension {
          let difference =
            Double(vectors[other * dimension + d]) - Double(vectors[label * dimension + d])
          sum += difference * difference
        }
        return sum
      }
    }
  }

  /// The label nearest to the mean vector; the first one in case of a tie.
  ///
  /// - Complexity: O((N + support) D).
  public func shortcut(to support: [WeightedLabel]) -> FrechetMean? {
    let mass = support.reduce(0) { $0 + $1.weight }
    var mean = [Double](repeating: 0, count: dimension)
    for item in support {
      for d in 0..<dimension {
        mean[d] += item.weight / mass * Double(vectors[item.label * dimension + d])
      }
    }
    var best = (label: 0, distance: Double.infinity)
    vectors.withUnsafeBufferPointer { vectors in
      for label in 0..<labelCount {
        var product = 0.0
        for d in 0..<dimension { product += mean[d] * Double(vectors[label * dimension + d]) }
        let distance = squaredLengths[label] - 2 * product
        if distance < best.distance { best = (label, distance) }
      }
    }
    let lengths = support.reduce(0) { $0 + $1.weight / mass * squaredLengths[$1.label] }
    return FrechetMean(label: best.label, variance: max(0, best.distance + lengths))
  }
}
