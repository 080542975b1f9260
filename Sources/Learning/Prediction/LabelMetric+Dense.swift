import Torch

/// A matrix of distances, for spaces of up to some ten thousand labels.
public struct DenseLabelMetric: LabelMetric {
  /// The number of labels.
  public let labelCount: Int
  /// `[N · N]`, row by row.
  private let squares: [Double]

  /// Takes distances (not their squares), `[N · N]`, row by row.
  ///
  /// The triangle inequality is not asked for.
  ///
  /// - Throws: `InputError` when there are not N² of them, when one is negative or not finite, or
  ///   when they are not symmetric with a diagonal of 0.
  public init(distances: [Double], labelCount: Int) throws {
    func fault(_ reason: String, _ expected: String) -> InputError {
      InputError(file: "label distances", reason: reason, expected: expected)
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

/// Every two labels are 1 apart: the Fréchet mean is the likeliest label.
public struct DiscreteLabelMetric: LabelMetric {
  /// The number of labels.
  public let labelCount: Int

  /// Takes the number of labels.
  public init(labelCount: Int) { self.labelCount = labelCount }

  /// 1 everywhere but at the label.
  public func squaredDistances(from label: Int) -> [Double] {
    (0..<labelCount).map { $0 == label ? 0 : 1 }
  }

  /// The heaviest label; the first one of several.
  public func shortcut(to support: [WeightedLabel]) -> FrechetMean? {
    guard let best = support.max(by: { ($0.weight, -$0.label) < ($1.weight, -$1.label) }) else {
      return nil
    }
    let mass = support.reduce(0) { $0 + $1.weight }
    return FrechetMean(label: best.label, variance: 1 - best.weight / mass)
  }
}
