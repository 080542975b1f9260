import ArgumentParser
import Learning
import Training

/// How long and how fast a model learns, for every command that trains one.
struct StepOptions: ParsableArguments {
  private static let defaults = TrainingConfiguration(dataset: "")

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

  @Option(help: "Names the random numbers (default: \(defaults.seed)).")
  var seed: UInt64?

  @Option(help: "Threads to compute with (default: one for each processor that may be used).")
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

  /// Whether no option is there but the number of threads.
  var areUsual: Bool {
    epochs == nil && batchSize == nil && dimension == nil && tableLearningRate == nil
      && learningRate == nil && seed == nil
  }

  /// Puts what was given into `settings`.
  func apply(to settings: inout TrainingConfiguration) {
    if let epochs { settings.loop.epochs = epochs }
    if let batchSize { settings.optimization.batchSize = batchSize }
    if let dimension { settings.model.encoder.dimension = dimension }
    if let tableLearningRate { settings.optimization.tableLearningRate = tableLearningRate }
    if let learningRate { settings.optimization.learningRate = learningRate }
    if let seed { settings.seed = seed }
    if let threads { settings.threads = threads }
  }
}
