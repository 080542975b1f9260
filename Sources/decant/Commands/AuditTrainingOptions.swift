import ArgumentParser
import Datasets
import Models
import Storage
import Training

/// How the models of an audit are trained.
struct AuditTrainingOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A run to take the settings from.", valueName: "run"))
  var like: String?

  @Option(
    help: ArgumentHelp(
      """
      Defaults of the settings that you leave open: 1 for fixed ones, 2 for those that follow from \
      the data (default: 2).
      """, valueName: "version", visibility: .rare))
  var defaults: Int?

  @OptionGroup(title: HelpLevel.title("Training")) var steps: SettingOptions<StepPart>
  @OptionGroup(title: HelpLevel.title("Loss")) var loss: SettingOptions<LossPart>
  @OptionGroup(title: HelpLevel.title("Wide model")) var wide: SettingOptions<WidePart>

  private var given: [GivenSetting] { steps.given + loss.given + wide.given }

  /// Whether no option is given that only training would use.
  var areUsual: Bool {
    like == nil && defaults == nil && given.allSatisfy { $0.name == "threads" }
  }

  func validate() throws {
    guard [nil, 1, 2].contains(defaults) else {
      throw ValidationError("--defaults is \(defaults ?? 0); it must be 1 or 2.")
    }
    guard like == nil || defaults == nil else {
      throw ValidationError("--like names all settings: leave out --defaults.")
    }
  }

  /// These options over the settings of the run named by --like, or over the fixed defaults.
  ///
  /// - Parameter threads: the number of threads unless the options name one; nil for the usual one.
  func settings(dataset path: String, threads: Int?) throws -> TrainingConfiguration {
    try completed(draft(dataset: path, threads: threads))
  }

  /// The same with the defaults that follow from the data, unless --like or --defaults says otherwise.
  ///
  /// - Parameter report: receives a line about each choice.
  func settings(
    dataset path: String, following data: Dataset, threads: Int?,
    reporting report: (String) -> Void
  ) throws -> TrainingConfiguration {
    var draft = try draft(dataset: path, threads: threads)
    guard like == nil, defaults != 1 else { return try completed(draft) }
    // Catches signals from here on.
    _ = Interruption.isRequested()
    let choices = try withoutActuallyEscaping(report) { report in
      try DataDefaults(
        data, decantVersion: Decant.version, reporting: report,
        isInterrupted: Interruption.isRequested
      ).choose(in: &draft, completing: completed)
    }
    choices.sentences.forEach(report)
    return try completed(draft)
  }

  private func draft(dataset path: String, threads: Int?) throws -> SettingsDraft {
    let model = try like.map { try RunFolder(path: $0).readConfiguration() }
    var draft = try given.applied(to: model.map(SettingsDraft.init) ?? SettingsDraft())
    draft.values["dataset"] = .string(path)
    if let threads { try Ensemble.chooseThreads(threads, in: &draft) }
    return draft
  }

  private func completed(_ draft: SettingsDraft) throws -> TrainingConfiguration {
    var settings = try given.settings(of: draft)
    settings.feedback = nil
    // Nothing is held out within a fold, and no fold is resumed.
    settings.loop.patience = nil
    settings.loop.checkpointInterval = 1e9
    return settings
  }
}
