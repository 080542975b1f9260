import Storage

/// A matrix of distances, for spaces of up to about ten thousand labels.
public struct DenseLabelMetric: LabelMetric {
  /// The number of labels.
  public let labelCount: Int
  /// `[N · N]`, row by row.
  private let squares: [Double]

  /// Creates a metric from distances (not their squares), `[N · N]`, row by row.
  ///
  /// The triangle inequality is not required.
  ///
  /// - Throws: `ValueError` if there are not N² of them, if one is negative or not finite, or if
  ///   they are not symmetric with a zero diagonal.
  public init(distances: [Double], labelCount: Int) throws {
    func fault(_ reason: String, _ expected: String) -> ValueError {
      ValueError("label distances", reason: reason, expected: expected)
    }
    guard distances.count == labelCount * labelCount else {
      throw fault("\(distances.count) numbers", "\(labelCount) · \(labelCount)")
    }
    for row in 0..<labelCount {
      for column in 0...row {
        let distance = distances[row * labelCount + column]
        let mirrored = distances[column * labelCount + row]
        guard distance >= 0, distance.isFinite, distance == mirrored,
          row != column || distance == 0
        else {
          throw fault(
            "labels \(row) and \(column) are \(distance) and \(mirrored) apart",
            "the same finite number both ways, 0 from a label to itself")
        }
      }
    }
    self.labelCount = labelCount
    squares = distances.map { $0 * $0 }
  }

  /// A row of the matrix.
  public func squaredDistances(from label: Int) -> [Double] {
    Array(squares[(label * labelCount)..<((label + 1) * labelCount)])
  }
}

/// The metric with distance 1 between any two labels: the Fréchet mean is the most probable label.
public struct DiscreteLabelMetric: LabelMetric {
  /// The number of labels.
  public let labelCount: Int

  /// Creates the metric of `labelCount` labels.
  public init(labelCount: Int) { self.labelCount = labelCount }

  /// 1 everywhere except at the label itself.
  public func squaredDistances(from label: Int) -> [Double] {
    (0..<labelCount).map { $0 == label ? 0 : 1 }
  }

  /// The label with the largest weight; the first one in case of a tie.
  public func shortcut(to support: [WeightedLabel]) -> FrechetMean? {
    guard let best = support.max(by: { ($0.weight, -$0.label) < ($1.weight, -$1.label) }) else {
      return nil
    }
    let mass = support.reduce(0) { $0 + $1.weight }
    return FrechetMean(label: best.label, variance: 1 - best.weight / mass)
  }
}
