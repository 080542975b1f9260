import ArgumentParser
import Learning
import Torch
import Training

/// How the models of an audit are trained.
struct AuditTrainingOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A run whose settings are taken.", valueName: "run"))
  var like: String?

  @OptionGroup(title: "Training")
  var steps: StepOptions

  @OptionGroup(title: "Loss")
  var loss: LossOptions

  @OptionGroup(title: "Wide part")
  var wide: WideOptions

  /// Whether no option is there that training alone would heed.
  var areUsual: Bool {
    like == nil && steps.areUsual && loss.loss == nil && wide.wide == nil
  }

  /// These options over those of the run that is to be resembled, or the usual ones.
  func settings(dataset path: String) throws -> TrainingConfiguration {
    let model = try like.map { try RunFolder(path: $0).readConfiguration() }
    var settings =
      model
      ?? TrainingConfiguration(
        dataset: path, threads: MachineShare.current.processors)
    settings.dataset = path
    settings.feedback = nil
    steps.apply(to: &settings)
    // Nothing is held out within a fold, and no fold is resumed.
    settings.loop.patience = nil
    settings.loop.checkpointInterval = 1e9
    settings.loss = try loss.applied(
      to: settings.loss, usualTemperature: model == nil ? 1 : nil)
    if let learns = loss.learnTemperature { settings.model.learnsTemperature = learns }
    settings.model.wide = try wide.applied(
      to: settings.model.wide, hasBags: settings.transformer?.isBesideBags ?? true)
    return settings
  }
}
