import Foundation
import Storage
import Torch

/// The deviation of predicted probabilities from observed frequencies.
///
/// The interval from 0 to 1 is divided into bins of equal width. With nᵦ of n probabilities in a
/// bin, their mean cᵦ and the fraction fᵦ of them that came true:
///
///     ECE = Σᵦ (nᵦ / n) |cᵦ − fᵦ|        MCE = maxᵦ |cᵦ − fᵦ|
///
/// - Paper: Naeini, Cooper, Hauskrecht. Obtaining Well Calibrated Probabilities Using Bayesian
///   Binning. AAAI 2015. <https://doi.org/10.1609/aaai.v29i1.9602>
/// - Units: fractions, 0 to 1.
/// - Departures: none. A probability on a border belongs to the upper bin, 1 to the last one.
public struct CalibrationError: Codable, Hashable, Sendable {
  /// One bin, a row of the reliability table.
  public struct Bin: Codable, Hashable, Sendable {
    /// The number of probabilities in it.
    public var count: Int
    /// Their mean; 0 if there are none.
    public var meanProbability: Double
    /// The fraction of them that came true; 0 if there are none.
    public var frequency: Double
  }

  /// The reliability table, from 0 to 1.
  public var bins: [Bin]
  /// ECE, from 0 to 1.
  public var expected: Double
  /// MCE, from 0 to 1.
  public var maximum: Double
  /// The mean squared difference between probability and outcome.
  public var brierScore: Double
  /// The mean of −log of the probability of the actual outcome; probabilities are clamped to 1e-12
  /// from 0 and 1.
  public var logLoss: Double

  /// Compares probabilities with outcomes.
  ///
  /// - Parameters:
  ///   - probabilities: in 0 ... 1.
  ///   - outcomes: whether each came true.
  ///   - binCount: the number of bins; 15 is usual.
  /// - Throws: `ValueError` when the lists differ in length, or a value is not a probability.
  /// - Precondition: there is at least one bin.
  public init(probabilities: [Double], outcomes: [Bool], binCount: Int = 15) throws {
    precondition(binCount >= 1, "\(binCount) bins")
    guard probabilities.count == outcomes.count else {
      throw ValueError(
        "probabilities",
        reason: "\(probabilities.count) probabilities of \(outcomes.count) outcomes")
    }
    var bins = [Bin](
      repeating: Bin(count: 0, meanProbability: 0, frequency: 0), count: binCount)
    var (brier, loss) = (0.0, 0.0)
    for (index, (probability, outcome)) in zip(probabilities, outcomes).enumerated() {
      guard probability >= 0, probability <= 1 else {
        throw ValueError(
          "probabilities", reason: "number \(index) is \(probability)", expected: "0 to 1")
      }
      let bin = min(binCount - 1, Int(probability * Double(binCount)))
      bins[bin].count += 1
      bins[bin].meanProbability += probability
      bins[bin].frequency += outcome ? 1 : 0
      brier += (probability - (outcome ? 1 : 0)) * (probability - (outcome ? 1 : 0))
      let held = min(max(probability, 1e-12), 1 - 1e-12)
      loss -= outcome ? log(held) : log1p(-held)
    }
    let count = Double(max(1, probabilities.count))
    (expected, maximum) = (0, 0)
    for index in bins.indices where bins[index].count > 0 {
      let own = Double(bins[index].count)
      bins[index].meanProbability /= own
      bins[index].frequency /= own
      let gap = abs(bins[index].meanProbability - bins[index].frequency)
      expected += own / count * gap
      maximum = max(maximum, gap)
    }
    self.bins = bins
    brierScore = brier / count
    logLoss = loss / count
  }
}
