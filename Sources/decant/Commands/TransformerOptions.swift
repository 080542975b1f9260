import ArgumentParser
import Datasets
import Foundation
import Learning
import Training

/// The options of `train` that are about a pretrained transformer.
struct TransformerOptions: ParsableArguments {
  enum Mode: String, EnumerableFlag {
    case freeze, fineTune

    static func help(for value: Mode) -> ArgumentHelp? {
      switch value {
      case .freeze: "Encode each text once and train what comes behind (default)."
      case .fineTune: "Train the transformer too."
      }
    }
  }

  enum PoolingName: String, ExpressibleByArgument, CaseIterable {
    case mean, cls

    var value: TransformerEncoder.Pooling { self == .mean ? .mean : .firstToken }
  }

  private static let defaults = TransformerSettings(checkpoint: "")

  @Option(
    help: ArgumentHelp(
      "The folder of a BERT encoder: config.json, model.safetensors and its vocabulary, or a "
        + "sentence-transformers folder of one. The run keeps a copy.", valueName: "folder"))
  var checkpoint: String?

  @Flag var mode: Mode?

  @Option(
    help: ArgumentHelp(
      "Tokens after which a text is cut off (default: as a sentence encoder's folder says, else "
        + "\(defaults.maximumLength)).",
      valueName: "n"))
  var maxLength: Int?

  @Option(help: "How tokens' vectors become a text's: mean or cls (default: the checkpoint's way).")
  var pooling: PoolingName?

  @Option(
    help: ArgumentHelp(
      "Width of the hidden layer behind the transformer, 0 for none "
        + "(default: \(defaults.tower.hiddenDimension ?? 0)).", valueName: "n"))
  var hidden: Int?

  @Option(
    help: ArgumentHelp(
      "Share of numbers dropped there in training (default: \(defaults.tower.dropout)).",
      valueName: "share"))
  var dropout: Double?

  @Option(
    help: ArgumentHelp(
      "Learning rate there (default: \(defaults.projectionLearningRate)).", valueName: "rate"))
  var projectionLearningRate: Double?

  @Option(
    help: ArgumentHelp(
      "Learning rate of the transformer itself (default: \(defaults.tuning.learningRate)).",
      valueName: "rate"))
  var transformerLearningRate: Double?

  @Option(
    help: ArgumentHelp(
      "Tokens whose gradient is computed together; memory grows with them "
        + "(default: \(defaults.tuning.pieceTokenCount)).", valueName: "n"))
  var pieceTokens: Int?

  /// Whether any of them was given.
  private var isGiven: Bool {
    let values: [Any?] = [
      checkpoint, mode, maxLength, pooling, hidden, dropout, projectionLearningRate,
      transformerLearningRate, pieceTokens,
    ]
    return values.contains { $0 != nil }
  }

  func validate() throws {
    if let maxLength, maxLength < 2 {
      throw ValidationError("--max-length is \(maxLength); it must be at least 2.")
    }
    if let hidden, hidden < 0 {
      throw ValidationError("--hidden is \(hidden); it must be at least 0.")
    }
    if let pieceTokens, pieceTokens < 1 {
      throw ValidationError("--piece-tokens is \(pieceTokens); it must be at least 1.")
    }
    if let dropout, !(0..<1 ~= dropout) {
      throw ValidationError("--dropout is \(dropout); it must be at least 0 and less than 1.")
    }
    for (name, value) in [
      ("projection-learning-rate", projectionLearningRate),
      ("transformer-learning-rate", transformerLearningRate),
    ] {
      if let value, !(value > 0 && value.isFinite) {
        throw ValidationError("--\(name) is \(value); it must be greater than 0.")
      }
    }
    if mode != .fineTune, transformerLearningRate != nil || pieceTokens != nil {
      throw ValidationError(
        "--transformer-learning-rate and --piece-tokens are for --fine-tune.")
    }
  }

  /// Puts the options into the settings of a training.
  ///
  /// - Parameter encoder: how texts are embedded; nil is as the settings say.
  func apply(to settings: inout TrainingConfiguration, encoder: TrainCommand.EncoderName?) throws {
    var transformer = settings.transformer
    switch encoder {
    case .bag: transformer = nil
    case .transformer, .both:
      if transformer == nil {
        guard let checkpoint else {
          throw ValidationError(
            "--encoder \(encoder?.rawValue ?? "") needs --checkpoint, the folder of a pretrained "
              + "transformer.")
        }
        let path = absolute(checkpoint)
        transformer = TransformerSettings(checkpoint: path)
        if let length = try CheckpointFolder(path: path).maximumLength() {
          transformer?.maximumLength = length
        }
      }
      transformer?.isBesideBags = encoder == .both
    case nil: break
    }
    guard var transformer else {
      if isGiven {
        throw ValidationError(
          "--checkpoint and its like are for --encoder transformer and --encoder both.")
      }
      settings.transformer = nil
      return
    }
    if let checkpoint { transformer.checkpoint = absolute(checkpoint) }
    if let mode { transformer.isFineTuned = mode == .fineTune }
    if let maxLength { transformer.maximumLength = maxLength }
    if let pooling { transformer.pooling = pooling.value }
    if let hidden { transformer.tower.hiddenDimension = hidden == 0 ? nil : hidden }
    if let dropout { transformer.tower.dropout = dropout }
    if let projectionLearningRate { transformer.projectionLearningRate = projectionLearningRate }
    if let transformerLearningRate {
      transformer.tuning.learningRate = transformerLearningRate
    }
    if let pieceTokens { transformer.tuning.pieceTokenCount = pieceTokens }
    settings.transformer = transformer
  }

  private func absolute(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.path
  }
}
