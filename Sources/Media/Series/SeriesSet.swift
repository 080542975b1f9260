public import Torch

/// Time series of several channels and the class of each.
public struct SeriesSet: Sendable {
  /// The series, float32 `[N, C, T]`; shorter ones are padded with 0 at the end.
  public var values: Tensor
  /// The length of each series, at most T.
  public var lengths: [Int]
  /// The class of each series, in `0 ..< classNames.count`.
  public var classes: [Int]
  /// The names of the classes.
  public var classNames: [String]

  /// Creates a set.
  ///
  /// - Precondition: `values` is float32 `[N, C, T]`; there are N lengths and classes.
  public init(values: Tensor, lengths: [Int], classes: [Int], classNames: [String]) {
    precondition(
      values.dtype == .float32 && values.dimensionCount == 3 && values.shape[0] == classes.count
        && lengths.count == classes.count,
      "\(values.shape) of \(values.dtype) with \(classes.count) classes")
    precondition(classes.allSatisfy(classNames.indices.contains), "a class without a name")
    self.values = values
    self.lengths = lengths
    self.classes = classes
    self.classNames = classNames
  }

  /// The number of series, N.
  public var count: Int { classes.count }
}
