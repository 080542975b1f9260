/// A metric on a space of labels.
///
/// A space may contain labels that no model was trained on. All distances are finite, symmetric,
/// non-negative, and 0 from a label to itself.
public protocol LabelMetric: Sendable {
  /// The number N of labels, trained or not.
  var labelCount: Int { get }

  /// d(label, y)² for each label y, `[N]`.
  ///
  /// - Precondition: `label` is in `0 ..< labelCount`.
  func squaredDistances(from label: Int) -> [Double]

  /// The Fréchet mean of a few labels, if the metric can compute it without the distances to all
  /// labels; nil if it cannot.
  ///
  /// - Precondition: the support is not empty, its labels exist, and its weights are positive and
  ///   finite.
  func shortcut(to support: [WeightedLabel]) -> FrechetMean?
}

extension LabelMetric {
  /// Returns nil: there is no shortcut.
  public func shortcut(to support: [WeightedLabel]) -> FrechetMean? { nil }
}

/// A label with its probability mass.
public struct WeightedLabel: Hashable, Sendable {
  /// The label, in the order of the metric.
  public var label: Int
  /// Its weight; only ratios matter.
  public var weight: Double

  /// Creates a weighted label.
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

  /// Creates a mean.
  public init(label: Int, variance: Double) {
    self.label = label
    self.variance = variance
  }
}
