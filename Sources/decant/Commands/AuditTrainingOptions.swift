import ArgumentParser
import Foundation
import Learning
import Training

/// How the models of an audit are trained.
struct AuditTrainingOptions: ParsableArguments {
  private static let defaults = TrainingConfiguration(dataset: "")

  @Option(help: ArgumentHelp("A run whose settings are taken.", valueName: "run"))
  var like: String?

  @Option(help: "Passes over the data (default: \(defaults.loop.epochs)).")
  var epochs: Int?

  @Option(help: "Documents of a step (default: \(defaults.optimization.batchSize)).")
  var batchSize: Int?

  @Option(help: "Length of the embeddings (default: \(defaults.model.encoder.dimension)).")
  var dimension: Int?

  @Option(
    help: ArgumentHelp(
      "Learning rate of the table of features "
        + "(default: \(defaults.optimization.tableLearningRate)).", valueName: "rate"))
  var tableLearningRate: Double?

  @Option(
    help: ArgumentHelp(
      "Learning rate of everything else (default: \(defaults.optimization.learningRate)).",
      valueName: "rate"))
  var learningRate: Double?

  @OptionGroup(title: "Loss")
  var loss: LossOptions

  @OptionGroup(title: "Wide part")
  var wide: WideOptions

  @Option(help: "Names the random numbers of the trainings (default: \(defaults.seed)).")
  var seed: UInt64?

  @Option(help: "Threads to compute with (default: one a processor).")
  var threads: Int?

  func validate() throws {
    for (name, value) in [
      ("epochs", epochs), ("batch-size", batchSize), ("dimension", dimension), ("threads", threads),
    ] {
      if let value, value < 1 {
        throw ValidationError("--\(name) is \(value); it must be at least 1.")
      }
    }
    for (name, value) in [
      ("table-learning-rate", tableLearningRate), ("learning-rate", learningRate),
    ] {
      if let value, !(value > 0 && value.isFinite) {
        throw ValidationError("--\(name) is \(value); it must be greater than 0.")
      }
    }
  }

  /// Whether no option is there that training alone would heed.
  var areUsual: Bool {
    like == nil && epochs == nil && batchSize == nil && dimension == nil
      && tableLearningRate == nil && learningRate == nil && loss.loss == nil && wide.wide == nil
      && seed == nil
  }

  /// These options over those of the run that is to be resembled, or the usual ones.
  func settings(dataset path: String) throws -> TrainingConfiguration {
    let model = try like.map { try RunFolder(path: $0).readConfiguration() }
    var settings =
      model
      ?? TrainingConfiguration(
        dataset: path, threads: ProcessInfo.processInfo.activeProcessorCount)
    settings.dataset = path
    settings.feedback = nil
    if let epochs { settings.loop.epochs = epochs }
    // Nothing is held out within a fold, and no fold is resumed.
    settings.loop.patience = nil
    settings.loop.checkpointInterval = 1e9
    if let batchSize { settings.optimization.batchSize = batchSize }
    if let dimension { settings.model.encoder.dimension = dimension }
    if let tableLearningRate { settings.optimization.tableLearningRate = tableLearningRate }
    if let learningRate { settings.optimization.learningRate = learningRate }
    settings.loss = try loss.applied(
      to: settings.loss, usualTemperature: model == nil ? 1 : nil)
    if let learns = loss.learnTemperature { settings.model.learnsTemperature = learns }
    settings.model.wide = try wide.applied(
      to: settings.model.wide, hasBags: settings.transformer?.isBesideBags ?? true)
    if let seed { settings.seed = seed }
    if let threads { settings.threads = threads }
    return settings
  }
}
