import ArgumentParser
import Datasets
import Foundation
import Learning
import Torch
import Training

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a model on a data set.",
    discussion: """
      Learns an embedding of texts and one of labels such that the right labels of a text have the \
      largest inner products, over all labels at once.

      The data set is a folder of documents.jsonl, labels.jsonl, train.jsonl and perhaps \
      validation.jsonl and test.jsonl, or a single file of {"text": "…", "labels": ["…"]} lines, \
      a fifth of which is kept for testing. Test documents are never learnt from.

      By default all of train is used for a fixed number of epochs. With --patience the validation \
      documents (or a tenth of train, where there are none) are held out, training stops when they \
      are ranked no better, and the best epoch is kept.

      Ctrl-C ends a training after a checkpoint; one that was killed loses what came after its \
      last checkpoint. Either goes on with --resume and ends with the same model.

      With --encoder transformer, texts are read by a pretrained BERT encoder. By default it stays \
      as it is: each text is encoded once, the vectors are kept in the data set's cache, and what \
      is learnt lies behind them. --fine-tune trains the encoder itself, at many times the cost. \
      --encoder both adds its embedding and that of the bag.

      Examples:
        decant train data/debian-tags --output runs/tags --epochs 10 --seed 1
        decant train tickets.jsonl --output runs/tickets --patience 2
        decant train data/debian-tags --output runs/deep --encoder both --checkpoint MiniLM
        decant train --config tags.json --output runs/tags --epochs 10
      """)

  private static let defaults = TrainingConfiguration(dataset: "")

  enum EncoderName: String, ExpressibleByArgument, CaseIterable {
    case bag, transformer, both
  }

  enum TowersName: String, ExpressibleByArgument, CaseIterable {
    case shared, separate
  }

  enum LabelSourceName: String, ExpressibleByArgument, CaseIterable {
    case free, text, both
  }

  @Argument(
    help: ArgumentHelp(
      "The data set: a folder or a file; may be left out where --config names it.",
      valueName: "dir"))
  var dataset: String?

  @Option(
    help: ArgumentHelp(
      "A file of settings, as decant new writes it; options of this command win over it.",
      valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("The folder for the model and its record.", valueName: "run"))
  var output: String

  @Option(
    help: """
      How texts are embedded: as a bag of words and character n-grams (default), by a pretrained \
      transformer, or both.
      """)
  var encoder: EncoderName?

  @Option(help: "Where label vectors come from: learnt freely (default), their texts, or both.")
  var labels: LabelSourceName?

  @Option(help: "Whether label texts share the documents' encoder: shared (default) or separate.")
  var towers: TowersName?

  @OptionGroup
  var steps: StepOptions

  @Option(
    help: ArgumentHelp(
      "Width of a hidden layer behind the bag of features, 0 for none; for few features that are "
        + "numbers (default: \(defaults.model.encoder.hiddenDimensions.first ?? 0)).",
      valueName: "n"))
  var bagHidden: Int?

  @Option(
    help: ArgumentHelp(
      "Share of a document's features that a step leaves out "
        + "(default: \(defaults.optimization.featureDropout)).", valueName: "share"))
  var featureDropout: Double?

  @Option(
    help: ArgumentHelp(
      "Standard deviation of the vectors that training begins with "
        + "(default: \(defaults.model.encoder.initialScale)).", valueName: "deviation"))
  var initialScale: Double?

  @Option(
    help: ArgumentHelp(
      "Decay of everything but the table of features, apart from the gradient "
        + "(default: \(defaults.optimization.weightDecay)).", valueName: "rate"))
  var weightDecay: Double?

  @Flag(inversion: .prefixedNo, help: "Whether embeddings have unit length (default: no).")
  var normalized: Bool?

  @OptionGroup(title: "Loss")
  var loss: LossOptions

  @OptionGroup(title: "Wide part")
  var wide: WideOptions

  @OptionGroup(title: "Pretrained transformers")
  var transformer: TransformerOptions
  @OptionGroup(title: "Negatives")
  var negatives: NegativeOptions

  @Option(
    help: ArgumentHelp(
      "Verdicts on a model's answers, taken into train: what decant serve gives at /v1/feedback.",
      valueName: "file"))
  var feedback: String?

  @Option(help: "Hold out a validation part; stop after so many epochs without a better one.")
  var patience: Int?

  @Option(
    help: ArgumentHelp(
      "Seconds between checkpoints (default: \(defaults.loop.checkpointInterval)).",
      valueName: "seconds"))
  var checkpointInterval: Double?

  @Flag(help: "Leave out lines of the data set that cannot be used, and count them.")
  var skipBad = false

  @Flag(help: "Go on with a training that was interrupted.")
  var resume = false

  @Flag(help: "Say nothing but errors.")
  var quiet = false

  func validate() throws {
    guard dataset != nil || config != nil else {
      throw ValidationError(
        "Name the data set <dir>, or a --config file that does (decant new writes one).")
    }
    if let patience, patience < 1 {
      throw ValidationError("--patience is \(patience); it must be at least 1.")
    }
    if let bagHidden, bagHidden < 0 {
      throw ValidationError("--bag-hidden is \(bagHidden); it must be at least 0.")
    }
    if let featureDropout, !(0..<1).contains(featureDropout) {
      throw ValidationError(
        "--feature-dropout is \(featureDropout); it must be at least 0 and below 1.")
    }
    if let weightDecay, !(weightDecay >= 0 && weightDecay.isFinite) {
      throw ValidationError("--weight-decay is \(weightDecay); it must be at least 0 and finite.")
    }
    if let checkpointInterval, !(checkpointInterval >= 0 && checkpointInterval.isFinite) {
      throw ValidationError(
        "--checkpoint-interval is \(checkpointInterval); it must be at least 0 and finite.")
    }
  }

  func run() throws {
    try reporting {
      let folder = RunFolder(path: output)
      let configuration = try settings(in: folder)
      if folder.isComplete {
        // Killed between its last file and the cleaning, it may have left some.
        folder.clean()
        guard resume else {
          throw ValidationError(
            "\(output) holds a finished run; choose another --output, or remove the folder.")
        }
        StandardStreams.note("\(output) is finished already")
        return
      }
      if !quiet {
        noteThreads(configuration.threads)
        if configuration.transformer?.isBesideBags == false,
          featureDropout != nil || steps.tableLearningRate != nil
        {
          StandardStreams.note(
            "--feature-dropout and --table-learning-rate are for bags: they change nothing here")
        }
      }
      let trainer = Trainer(configuration, folder: folder, decantVersion: Decant.version)
      let record = try trainer.run(
        resuming: resume, progress: quiet ? nil : ProgressBar(),
        isInterrupted: Interruption.isRequested)
      for warning in record.warnings ?? [] {
        StandardStreams.note("decant: warning: \(warning)")
      }
      if !quiet {
        try StandardStreams.write(
          "\(output): trained on \(counted(record.documents, "document")) in "
            + String(
              format: "%.1f s (%.1f s of processor time), %.0f MB at most\n",
              record.trainSeconds, record.trainCPUSeconds, Double(record.peakMemoryBytes) / 1e6)
            + "Next: decant evaluate \(output)\n")
      }
    }
  }

  /// The settings of this command, over those of the run that is resumed.
  private func settings(in folder: RunFolder) throws -> TrainingConfiguration {
    let stored =
      resume && folder.has(folder.configuration) ? try folder.readConfiguration() : nil
    if !resume, folder.has(folder.configuration), !folder.isComplete {
      throw ValidationError(
        "\(output) holds an unfinished run; add --resume to go on with it, or remove the folder.")
    }
    if folder.isForeign {
      throw ValidationError(
        "\(output) holds files that are no run's; choose another --output.")
    }
    let file = try config.map(SettingsFile.init(contentsOf:))
    var settings =
      file?.configuration ?? stored
      ?? TrainingConfiguration(
        dataset: "", threads: MachineShare.current.processors)
    if let dataset { settings.dataset = URL(fileURLWithPath: dataset).standardizedFileURL.path }
    guard !settings.dataset.isEmpty else {
      throw ValidationError("\(config ?? "--config") names no dataset; name it here, as <dir>.")
    }
    if skipBad { settings.badLines = .skip }
    if let feedback {
      settings.feedback = URL(fileURLWithPath: feedback).standardizedFileURL.path
    }
    steps.apply(to: &settings)
    if let patience { settings.loop.patience = patience }
    if let checkpointInterval { settings.loop.checkpointInterval = checkpointInterval }
    if let featureDropout { settings.optimization.featureDropout = featureDropout }
    if let initialScale { settings.model.encoder.initialScale = initialScale }
    if let weightDecay { settings.optimization.weightDecay = weightDecay }
    if let bagHidden {
      settings.model.encoder.hiddenDimensions = bagHidden == 0 ? [] : [bagHidden]
    }
    if let normalized { settings.model.encoder.isNormalized = normalized }
    try transformer.apply(to: &settings, encoder: encoder)
    if bagHidden ?? 0 > 0, settings.transformer?.isBesideBags == false {
      throw ValidationError("--bag-hidden needs bags: --encoder bag or --encoder both.")
    }
    if let labels { settings.model.labels = source(labels) }
    if let towers { settings.model.sharesEncoder = towers == .shared }
    if !settings.model.sharesEncoder, settings.model.labels == .free {
      throw ValidationError("--towers separate needs --labels text or both.")
    }
    settings.model.wide = try wide.applied(
      to: settings.model.wide, hasBags: settings.transformer?.isBesideBags ?? true)
    settings.negatives = try negatives.applied(to: settings.negatives)
    if let learns = loss.learnTemperature { settings.model.learnsTemperature = learns }
    // Scores of unit vectors lie within ±1: without a division the softmax could not get sharp.
    let usual = settings.model.encoder.isNormalized ? 0.05 : 1
    let isSettled = file?.namesTemperature ?? (stored != nil)
    settings.loss = try loss.applied(
      to: settings.loss, usualTemperature: isSettled ? nil : usual)
    // How often checkpoints are written does not change the result.
    var comparable = settings
    if let stored { comparable.loop.checkpointInterval = stored.loop.checkpointInterval }
    if let stored, stored != comparable {
      throw ValidationError(
        "\(output) was begun with other settings (see \(folder.configuration)); --resume goes on "
          + "with the settings it was begun with.")
    }
    return settings
  }

  private func source(_ name: LabelSourceName) -> DualEncoder.LabelSource {
    switch name {
    case .free: .free
    case .text: .text
    case .both: .both
    }
  }
}
