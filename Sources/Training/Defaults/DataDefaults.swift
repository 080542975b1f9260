public import Datasets
import Extreme
import Foundation
package import Models
import Storage

/// Default settings that follow from the data: by rules, and by pilots where rules cannot tell.
///
/// A rule looks at a `DataProfile`. A pilot trains a candidate on a sample of the training documents
/// and judges it on other training documents. Test documents are never read; pass a data set without
/// its validation part (`Dataset.withoutValidation(carving:)`) if that is held out. A setting that the
/// user chose is left alone. The same data gives the same settings.
///
/// The rules and margins were found on held-out training documents of 21 public data sets;
/// see `Benchmarks/results/defaults.md`.
public struct DataDefaults {
  private let dataset: Dataset
  private let decantVersion: String
  private let report: (String) -> Void
  private let isInterrupted: () -> Bool

  /// Prepares the choice for a data set.
  ///
  /// - Parameters:
  ///   - report: receives a line about each pilot.
  ///   - isInterrupted: checked before each step of a pilot.
  public init(
    _ dataset: Dataset, decantVersion: String,
    reporting report: @escaping (String) -> Void = { _ in },
    isInterrupted: @escaping () -> Bool = { false }
  ) {
    self.dataset = dataset
    self.decantVersion = decantVersion
    self.report = report
    self.isInterrupted = isInterrupted
  }

  /// Changes the settings of a draft that the user did not choose.
  ///
  /// - Parameter complete: turns a draft into a configuration.
  /// - Returns: the settings that were changed, with reasons.
  /// - Throws: the errors of `complete` and of training.
  package func choose(
    in draft: inout SettingsDraft,
    completing complete: (SettingsDraft) throws -> TrainingConfiguration
  ) throws -> [ChosenDefault] {
    let settings = try complete(draft)
    // The rules were found for bags with every label in every step.
    guard settings.transformer == nil, settings.negatives == nil else { return [] }
    let profile = DataProfile(dataset)
    var choices = DefaultRule.rules(for: profile).compactMap { $0.apply(to: &draft) }
    let candidates = DefaultCandidate.candidates(for: profile)
    let pilots = candidates.isEmpty ? [] : pilots(for: profile)
    guard let pilot = pilots.first else { return choices }
    // nil if a training fails.
    func score(_ draft: SettingsDraft) throws -> Double? {
      var configuration = try complete(draft)
      // Runs with other seeds get the same settings.
      configuration.seed = 0
      var sum = 0.0
      for pilot in pilots {
        let metrics = try pilot.judge(configuration, isInterrupted: isInterrupted)
        guard !metrics.isEmpty else { return nil }
        sum += metrics.score
      }
      return sum / Double(pilots.count)
    }
    var best: Double?
    var hasWon = false
    for candidate in candidates where hasWon || !candidate.builds {
      hasWon = false
      // A candidate that the user's choices have taken apart was never measured.
      guard candidate.rules.allSatisfy({ $0.isOpen(in: draft) }) else { continue }
      var other = draft
      let changes = candidate.rules.compactMap { $0.apply(to: &other) }
      // The training itself will say why it fails.
      guard let before = try best ?? score(draft) else { return choices }
      best = before
      guard let after = try score(other) else { continue }
      report(
        String(
          format: "pilot on %d documents: %@ %.1f against %.1f (mean of P@1 and nDCG@5)",
          pilot.learntCount, candidate.name, after, before))
      guard after >= before + candidate.margin else { continue }
      (draft, best, hasWon) = (other, after, true)
      choices.removeAll { old in changes.contains { $0.setting == old.setting } }
      choices += changes
    }
    return choices
  }

  /// A sample of the documents, or five folds where a sample would be too small to judge by.
  private func pilots(for profile: DataProfile) -> [HeldOutJudge] {
    guard profile.hasTexts || profile.documents >= DataProfile.fewFeatures else {
      return HeldOutJudge.folds(5, of: dataset, decantVersion: decantVersion)
    }
    let pilot = HeldOutJudge(
      dataset, learning: min(10_000, max(2000, profile.documents / 8)), judging: 4000,
      share: (250, 250), decantVersion: decantVersion)
    return pilot.map { [$0] } ?? []
  }
}
