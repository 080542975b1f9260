public import Storage
import Torch

/// Weights of labels by the effective number of their documents: rare labels count more.
///
/// With nⱼ the number of training documents of label j, scaled so that the weights of all positives of
/// the training documents have the mean 1:
///
///     wⱼ ∝ (1 − β) / (1 − β^nⱼ)
///
/// - Paper: Cui, Jia, Lin, Song, Belongie. Class-Balanced Loss Based on Effective Number of Samples.
///   CVPR 2019, equation 4. <https://arxiv.org/abs/1901.05555>
/// - Gradient: none; the weights are the grades of the positives.
/// - Units: numbers above 0, without a unit. β = 0 gives 1 for all, β close to 1 the inverse frequency.
/// - Departures: the paper weighs an example with its one class, and scales the weights to a sum of the
///   number of classes. Here a positive is weighed, and a document's negatives are not.
public struct ClassBalancedWeights: Codable, Hashable, Sendable {
  /// β, from 0 to below 1; 0.9999 in the paper for large sets.
  public var beta: Double

  /// Creates the weights.
  public init(beta: Double = 0.9999) { self.beta = beta }

  /// The weight of each label; that of a label without documents is as for one.
  ///
  /// - Parameter counts: the training documents of each label.
  public func callAsFunction(counts: [Int]) -> [Double] {
    precondition(beta >= 0 && beta < 1, "β is \(beta)")
    let numbers = Tensor(counts.map { Double(max($0, 1)) })
    guard beta > 0 else { return counts.map { _ in 1 } }
    // 1 − β^n without cancellation.
    let logBeta = Tensor([beta]).log().scalar
    let raw = (1 / (-(numbers * logBeta).expMinusOne())).doubles()
    let pairs = counts.reduce(0, +)
    let sum = zip(raw, counts).reduce(0) { $0 + $1.0 * Double($1.1) }
    guard pairs > 0 else { return raw.map { $0 / raw[0] } }
    return raw.map { $0 * Double(pairs) / sum }
  }

  /// The labels of documents, whose values are multiplied by the weights.
  ///
  /// - Parameter labels: `[N, L]`; without values they are 1.
  public func weighting(_ labels: CSRMatrix) -> CSRMatrix {
    let weights = self(counts: labels.columnCounts())
    let values = labels.columns.enumerated().map { entry, column in
      Float(weights[Int(column)]) * (labels.values?[entry] ?? 1)
    }
    return CSRMatrix(
      rowOffsets: labels.rowOffsets, columns: labels.columns, values: MappedArray(values),
      columnCount: labels.columnCount)
  }
}
