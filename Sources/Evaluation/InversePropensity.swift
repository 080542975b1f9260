import Foundation

/// The weight of a hit on a label; rare labels weigh more because the truth often lacks them.
///
/// With N training documents, n of which have the label:
///
///     w = 1 + C (n + B)^−A,   C = (ln N − 1) (B + 1)^A
///
/// - Paper: Jain, Prabhu, Varma. Extreme Multi-label Loss Functions for Recommendation, Tagging,
///   Ranking & Other Missing Label Applications. KDD 2016, section 4.
///   <https://doi.org/10.1145/2939672.2939756>
/// - Departures: C is at least 0; it would be negative for fewer than three documents. All weights
///   are then 1.
public struct InversePropensity: Codable, Hashable, Sendable {
  /// The paper's A: how fast the weight decreases with the label's frequency.
  public var exponent: Double
  /// The paper's B: added to the label's frequency.
  public var offset: Double

  /// Creates a model with A and B; the defaults are for data sets without a constant below.
  public init(exponent: Double = 0.55, offset: Double = 1.5) {
    self.exponent = exponent
    self.offset = offset
  }

  /// A = 0.55, B = 1.5.
  public static let standard = InversePropensity()
  /// A = 0.5, B = 0.4, for Wikipedia's categories (not for its "see also" links).
  public static let wikipedia = InversePropensity(exponent: 0.5, offset: 0.4)
  /// A = 0.6, B = 2.6, for Amazon's products.
  public static let amazon = InversePropensity(exponent: 0.6, offset: 2.6)

  /// The weight of each label.
  ///
  /// - Parameters:
  ///   - counts: the number of training documents with each label.
  ///   - documentCount: the number N of training documents.
  public func weights(labelCounts counts: [Int], documentCount: Int) -> [Double] {
    let scale = max(0, log(Double(max(documentCount, 1))) - 1) * pow(offset + 1, exponent)
    return counts.map { 1 + scale * pow(Double($0) + offset, -exponent) }
  }
}
