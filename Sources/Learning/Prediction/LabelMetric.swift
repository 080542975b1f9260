/// How far apart the labels of a space are.
///
/// A space may hold labels that no model was trained on. All distances are finite, symmetric, at
/// least 0, and 0 from a label to itself.
public protocol LabelMetric: Sendable {
  /// The number N of labels, trained on or not.
  var labelCount: Int { get }

  /// d(label, y)² for each label y, `[N]`.
  ///
  /// - Precondition: `label` is in `0 ..< labelCount`.
  func squaredDistances(from label: Int) -> [Double]

  /// The Fréchet mean of a few labels, where the metric has a shorter way than going through the
  /// distances to all labels; nil where it has none.
  ///
  /// - Precondition: the support is not empty, its labels exist, its weights are positive and
  ///   finite.
  func shortcut(to support: [WeightedLabel]) -> FrechetMean?
}

extension LabelMetric {
  /// No shorter way.
  public func shortcut(to support: [WeightedLabel]) -> FrechetMean? { nil }
}

/// A label with a share of the probability.
public struct WeightedLabel: Hashable, Sendable {
  /// The label, in the order of the metric.
  public var label: Int
  /// Its weight; only the proportions matter.
  public var weight: Double

  /// Takes both.
  public init(_ label: Int, weight: Double) {
    self.label = label
    self.weight = weight
  }
}

/// The label with the least expected squared distance.
public struct FrechetMean: Hashable, Sendable {
  /// The label, in the order of the metric.
  public var label: Int
  /// Its expected squared distance.
  public var variance: Double

  /// Takes both.
  public init(label: Int, variance: Double) {
    self.label = label
    self.variance = variance
  }
}
