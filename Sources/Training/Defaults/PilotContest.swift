import Foundation
import Models

/// Trainings with different settings on the same divisions of the documents, compared document by
/// document.
///
/// Of several divisions (folds), only as many are used as it takes: a comparison ends once the mean
/// difference is two standard errors away from the margin. So the same data gives the same result.
struct PilotContest {
  private let divisions: Int
  private let train: (Int, SettingsDraft, Double) throws -> HeldOutJudge.Result?
  /// The results with the best settings so far, one for each division that was needed.
  private var best: [HeldOutJudge.Result] = []

  /// The divisions after which a comparison may end.
  private static let fewest = 2

  /// Prepares a contest; nothing is trained yet.
  ///
  /// - Parameters:
  ///   - divisions: the number of divisions.
  ///   - train: trains with settings on a division; nil if that fails. The last number is the score
  ///     from which the gains of a memory are needed.
  init(
    divisions: Int,
    training train: @escaping (Int, SettingsDraft, Double) throws -> HeldOutJudge.Result?
  ) {
    (self.divisions, self.train) = (divisions, train)
  }

  /// The mean score of the best settings; nil before the first training.
  var score: Double? { best.isEmpty ? nil : Self.mean(best.map(\.metrics.score)) }

  /// How much each of `MemoryFit.settings` adds to the score; nil if nothing was trained.
  var memoryGains: [Double]? {
    let gains = best.compactMap(\.memoryGains)
    guard let first = gains.first else { return nil }
    return first.indices.map { index in Self.mean(gains.map { $0[index] }) }
  }

  /// Trains the best settings on the first divisions, unless that is done.
  ///
  /// - Returns: false if a training fails.
  mutating func begin(with draft: SettingsDraft, on count: Int = 1) throws -> Bool {
    while best.count < count {
      guard let result = try train(best.count, draft, 0) else { return false }
      best.append(result)
    }
    return true
  }

  /// The mean scores of two settings.
  struct Comparison {
    var before = 0.0
    var after = 0.0
    /// Whether the later ones are better by the margin; they are then the best.
    var isWon = false
  }

  /// Compares the best settings with others; nil if a training with the others fails.
  mutating func compare(
    _ draft: SettingsDraft, with other: SettingsDraft, margin: Double
  ) throws -> Comparison? {
    var others: [HeldOutJudge.Result] = []
    var differences: [Double] = []
    for division in 0..<divisions {
      guard try begin(with: draft, on: division + 1),
        let result = try train(division, other, best[division].metrics.score + margin)
      else { return nil }
      others.append(result)
      differences += zip(result.scores, best[division].scores).map { $0 - $1 }
      if others.count >= Self.fewest, Self.isClear(differences, margin: margin) { break }
    }
    let before = Self.mean(best.prefix(others.count).map(\.metrics.score))
    let after = Self.mean(others.map(\.metrics.score))
    guard after >= before + margin else { return Comparison(before: before, after: after) }
    best = others
    return Comparison(before: before, after: after, isWon: true)
  }

  /// Whether the mean of some differences is two standard errors away from a margin.
  static func isClear(_ differences: [Double], margin: Double) -> Bool {
    guard differences.count > 1 else { return false }
    let mean = mean(differences)
    let variance =
      differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(differences.count - 1)
    return abs(mean - margin) > 2 * (variance / Double(differences.count)).squareRoot()
  }

  private static func mean(_ values: [Double]) -> Double {
    values.reduce(0, +) / Double(max(values.count, 1))
  }
}
