import ArgumentParser
import Models
import Training

/// How the models of an audit are trained.
struct AuditTrainingOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A run to take the settings from.", valueName: "run"))
  var like: String?

  @OptionGroup(title: "Training") var steps: SettingOptions<StepPart>
  @OptionGroup(title: "Loss") var loss: SettingOptions<LossPart>
  @OptionGroup(title: "Wide model") var wide: SettingOptions<WidePart>

  private var given: [GivenSetting] { steps.given + loss.given + wide.given }

  /// Whether no option is given that only training would use.
  var areUsual: Bool { like == nil && given.allSatisfy { $0.name == "threads" } }

  /// These options over the settings of the run named by --like, or over the defaults.
  func settings(dataset path: String) throws -> TrainingConfiguration {
    let model = try like.map { try RunFolder(path: $0).readConfiguration() }
    var settings = try given.settings(over: model.map(SettingsDraft.init) ?? SettingsDraft())
    settings.dataset = path
    settings.feedback = nil
    // Nothing is held out within a fold, and no fold is resumed.
    settings.loop.patience = nil
    settings.loop.checkpointInterval = 1e9
    return settings
  }
}
