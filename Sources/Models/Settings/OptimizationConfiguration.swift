/// How a dual encoder's parameters are optimized.
///
/// Row-wise Adagrad updates the feature table; it touches only the rows of the features in a batch.
/// Adam updates everything else: label vectors, biases, perceptrons. Both learning rates fall to 0
/// along half a cosine.
///
/// Defaults are ours, chosen on the validation part of `debian-tags`.
public struct OptimizationConfiguration: Codable, Hashable, Sendable {
  /// The number of documents per step.
  public var batchSize: Int
  /// Adagrad's learning rate, for the feature table.
  public var tableLearningRate: Double
  /// Adam's learning rate, for everything else.
  public var learningRate: Double
  /// Adam's weight decay, decoupled.
  public var weightDecay: Double
  /// The share of a document's features dropped in each step.
  public var featureDropout: Double
  /// The share of the steps over which the learning rates rise from 0.
  public var warmup: Double
  /// The norm to which the gradients of a step are clipped, all parameters but the wide model's
  /// taken together; nil for no clipping.
  public var gradientClipping: Double?

  /// Describes the optimizers.
  public init(
    batchSize: Int = 128, tableLearningRate: Double = 0.045, learningRate: Double = 0.02,
    weightDecay: Double = 0, featureDropout: Double = 0.3, warmup: Double = 0,
    gradientClipping: Double? = nil
  ) {
    self.batchSize = batchSize
    self.tableLearningRate = tableLearningRate
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.featureDropout = featureDropout
    self.warmup = warmup
    self.gradientClipping = gradientClipping
  }

  static let settings: [Setting] = [
    Setting("batchSize", "Documents per step.", .count, .steps("batch-size"), from: .tuned),
    Setting(
      "tableLearningRate", "Adagrad's learning rate, for the feature table.", .positive,
      .steps("table-learning-rate"), from: .tuned),
    Setting(
      "learningRate", "Adam's learning rate, for everything else.", .positive,
      .steps("learning-rate"), from: .tuned),
    Setting(
      "weightDecay", "Adam's weight decay, decoupled.", .notNegative, .model("weight-decay"),
      from: .tuned),
    Setting(
      "featureDropout", "Share of a document's features dropped in each step.", .shareBelowOne,
      .model("feature-dropout"), from: .tuned),
    Setting(
      "warmup", "Share of the steps over which the learning rates rise from 0.", .share,
      from: .tuned),
    Setting(
      "gradientClipping", "Norm to which a step's gradients are clipped.", .positive,
      .steps("gradient-clipping"), null: "no clipping"),
  ]
}
