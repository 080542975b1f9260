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
  /// Features of all training documents, which pilots extract if there are any.
  package let features: FeatureCache

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
    features = FeatureCache(dataset.documents, rows: dataset.train.documentIndices)
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
    completing complete: @escaping (SettingsDraft) throws -> TrainingConfiguration
  ) throws -> [ChosenDefault] {
    let settings = try complete(draft)
    // The rules were found for bags with every label in every step.
    guard settings.transformer == nil, settings.negatives == nil else { return [] }
    let profile = DataProfile(dataset)
    var choices = DefaultRule.rules(for: profile).compactMap { $0.apply(to: &draft) }
    let candidates = DefaultCandidate.candidates(for: profile)
    let remembers = profile.documents >= MemoryFit.leastDocuments
    let pilots = candidates.isEmpty && !remembers ? [] : pilots(for: profile)
    guard let pilot = pilots.first else { return choices }
    if let note = pilot.copies.note { report(note) }
    var contest = PilotContest(divisions: pilots.count) { division, draft, limit in
      var configuration = try complete(draft)
      // Runs with other seeds get the same settings.
      configuration.seed = 0
      // Every pilot would encode its vocabulary again.
      configuration.startFrom = nil
      return try pilots[division].judge(configuration, isInterrupted: isInterrupted) {
        !draft.isChosen("memory") && (pilots.count > 1 || $0.score >= limit)
      }
    }
    var hasWon = false
    for candidate in candidates where hasWon || !candidate.builds {
      hasWon = false
      // A candidate that the user's choices have taken apart was never measured.
      guard candidate.rules.allSatisfy({ $0.isOpen(in: draft) }) else { continue }
      var other = draft
      let changes = candidate.rules.compactMap { $0.apply(to: &other) }
      // The training itself will say why it fails.
      guard try contest.begin(with: draft) else { return choices }
      guard contest.score ?? 0 < candidate.limit,
        let result = try contest.compare(draft, with: other, margin: candidate.margin)
      else { continue }
      report(
        String(
          format: "pilot on %d documents: %@ %.1f against %.1f (mean of P@1 and nDCG@5)",
          pilot.learntCount, candidate.name, result.after, result.before))
      guard result.isWon else { continue }
      (draft, hasWon) = (other, true)
      choices.removeAll { old in changes.contains { $0.setting == old.setting } }
      choices += changes
    }
    if remembers, !draft.isChosen("memory") { _ = try contest.begin(with: draft) }
    if let gains = contest.memoryGains {
      choices += remember(gains, in: &draft, pilot.learntCount)
    }
    return choices
  }

  /// Adds a memory of documents if it helped.
  private func remember(_ gains: [Double], in draft: inout SettingsDraft, _ learntCount: Int)
    -> [ChosenDefault]
  {
    let best = gains.indices.max { (gains[$0], -$0) < (gains[$1], -$1) }
    guard !draft.isChosen("memory"), let best else { return [] }
    report(
      String(
        format: "pilot on %d documents: memory %+.1f (mean of P@1 and nDCG@5)",
        learntCount, gains[best]))
    let margin = MemoryFit.margin(documents: dataset.train.count)
    guard gains[best] >= margin else { return [] }
    // The usual setting is that of several data sets, the best one is also that of chance.
    let usual = MemoryFit.settings.firstIndex(of: .init()) ?? best
    let chosen = gains[usual] >= margin ? usual : best
    return DefaultRule.memory(MemoryFit.settings[chosen]).compactMap { $0.apply(to: &draft) }
  }

  /// A sample of the documents, or five folds where a sample would be too small to judge by.
  private func pilots(for profile: DataProfile) -> [HeldOutJudge] {
    guard profile.hasTexts || profile.documents >= DataProfile.fewFeatures else {
      return HeldOutJudge.folds(
        5, of: dataset, features: features, decantVersion: decantVersion)
    }
    let pilot = HeldOutJudge(
      dataset, learning: min(10_000, max(2000, profile.documents / 8)), judging: 4000,
      share: (250, 250), features: features, knownLabels: true,
      decantVersion: decantVersion)
    return pilot.map { [$0] } ?? []
  }
}
