import Foundation

/// The verdict on a claim.
///
/// It is computed from the recorded values, so that changing it requires no new run.
struct Verdict: Hashable {
  /// The outcome for the claim.
  enum Outcome: String {
    case holds
    case holdsInPart = "holds in part"
    case undecided
    case fails = "does not hold here"
  }

  /// The outcome for a part of it.
  enum Part: Hashable {
    case holds, undecided, fails

    /// Holds if all of `parts` do, fails if one does.
    static func all(_ parts: [Part]) -> Part {
      if parts.contains(.fails) { return .fails }
      return parts.allSatisfy { $0 == .holds } ? .holds : .undecided
    }

    /// Holds if one of `parts` does, fails if all do.
    static func any(_ parts: [Part]) -> Part {
      if parts.contains(.holds) { return .holds }
      return parts.allSatisfy { $0 == .fails } ? .fails : .undecided
    }
  }

  var outcome: Outcome
  /// The numbers that support the verdict.
  var sentence: String

  /// Holds if all of `parts` do, holds in part if some do; otherwise it fails if one fails, and is
  /// undecided if none does.
  init(parts: [Part], _ sentence: String) {
    let kept = parts.count { $0 == .holds }
    outcome =
      kept == parts.count
      ? .holds : kept > 0 ? .holdsInPart : parts.contains(.fails) ? .fails : .undecided
    self.sentence = sentence
  }
}

/// How much larger one value is than another of the same seed, with a 95 % confidence interval.
struct PairedGain: Hashable {
  /// The mean over seeds.
  var mean: Double
  /// Half the length of the interval: Student's t times the standard deviation over the root of the
  /// number of seeds; ∞ for one seed.
  var margin: Double

  /// Computes the gain from differences.
  init(_ differences: [Double]) {
    let spread = ExperimentRecord.Spread(differences)
    mean = spread.mean
    margin =
      differences.count > 1
      ? Self.quantile(freedom: differences.count - 1) * spread.deviation
        / Double(differences.count).squareRoot() : .infinity
  }

  /// `1.17 ± 0.78`.
  var text: String { String(format: "%.2f ± %.2f", mean, margin) }

  /// Holds if the whole interval is above `limit`, fails if it is below.
  func isAbove(_ limit: Double = 0) -> Verdict.Part {
    mean - margin > limit ? .holds : mean + margin < limit ? .fails : .undecided
  }

  /// The 0.975 quantile of Student's t; for more than 20 degrees of freedom the one for 20.
  private static func quantile(freedom: Int) -> Double {
    let quantiles = [
      12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
      2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    ]
    return quantiles[min(freedom, quantiles.count) - 1]
  }
}
