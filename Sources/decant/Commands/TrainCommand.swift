import ArgumentParser
import Datasets
import Foundation
import Models
import Storage
import Training

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a model on a data set.",
    discussion: """
      Learns embeddings of texts and labels. The correct labels of a text get the largest inner \
      products, among all labels at once.

      The data set is a folder with documents.jsonl, labels.jsonl, train.jsonl and optionally \
      validation.jsonl and test.jsonl, or a single file of {"text": "…", "labels": ["…"]} lines. A \
      fifth of a single file is held out for testing. Test documents are never used in training.

      By default training uses all of train for a fixed number of epochs. With --patience it holds \
      out the validation documents (or a tenth of train if there are none), stops when their ranking \
      no longer improves, and keeps the best epoch.

      Ctrl-C saves a checkpoint and stops. A run that was killed loses the work since its last \
      checkpoint. --resume continues either one and ends with the same model.

      With --encoder transformer, a pretrained BERT encoder reads the texts. By default its weights \
      stay frozen: each text is encoded once, the vectors are stored in the data set's cache, and \
      only the layers on top are trained. --fine-tune trains the encoder too, at many times the \
      cost. --encoder both adds the embedding of the bag.

      Examples:
        decant train data/debian-tags --output runs/tags --epochs 10 --seed 1
        decant train tickets.jsonl --output runs/tickets --patience 2
        decant train data/debian-tags --output runs/deep --encoder both --checkpoint MiniLM
        decant train --config tags.json --output runs/tags --epochs 10
      """)

  enum EncoderName: String, ExpressibleByArgument, CaseIterable {
    case bag, transformer, both
  }

  @Argument(
    help: ArgumentHelp(
      "Data set: a folder or a file. Optional if --config names one.", valueName: "dir"))
  var dataset: String?

  @Option(
    help: ArgumentHelp(
      "Settings file, as decant new writes it. Options of this command override it.",
      valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("Folder for the model and its record.", valueName: "run"))
  var output: String

  @Option(
    help: """
      Encoder of texts: a bag of words and character n-grams (default), a pretrained transformer, or \
      both.
      """)
  var encoder: EncoderName?

  @OptionGroup var data: SettingOptions<DataPart>
  @OptionGroup var loop: SettingOptions<RunPart>
  @OptionGroup(title: "Training") var steps: SettingOptions<StepPart>
  @OptionGroup(title: "Model") var model: SettingOptions<ModelPart>
  @OptionGroup(title: "Loss") var loss: SettingOptions<LossPart>
  @OptionGroup(title: "Wide model") var wide: SettingOptions<WidePart>
  @OptionGroup(title: "Pretrained transformer") var transformer: SettingOptions<TransformerPart>
  @OptionGroup(title: "Negatives") var negatives: SettingOptions<NegativePart>

  @Option(
    help: ArgumentHelp(
      """
      Defaults of the settings that you leave open: 1 for fixed ones, 2 for those that follow from \
      the data (default: 2).
      """, valueName: "version"))
  var defaults: Int?

  @Flag(help: "Continue a run that was interrupted.")
  var resume = false

  @Flag(help: "Print only errors.")
  var quiet = false

  private var given: [GivenSetting] {
    data.given + loop.given + steps.given + model.given + loss.given + wide.given
      + transformer.given + negatives.given
  }

  func validate() throws {
    guard [nil, 1, 2].contains(defaults) else {
      throw ValidationError("--defaults is \(defaults ?? 0); it must be 1 or 2.")
    }
    guard dataset != nil || config != nil else {
      throw ValidationError(
        "Name the data set <dir>, or a --config file that names it (decant new writes one).")
    }
  }

  func run() throws {
    try reporting {
      let folder = RunFolder(path: output)
      let draft = try draft(in: folder)
      var configuration = try given.settings(of: draft)
      if folder.isComplete {
        // A run that was killed between its last file and the cleanup may have left some.
        folder.clean()
        guard resume else {
          throw ValidationError(
            "\(output) contains a finished run; choose another --output, or remove the folder.")
        }
        StandardStreams.note("\(output) is finished already")
        return
      }
      if !quiet {
        noteThreads(configuration.threads)
        if !configuration.hasBags,
          given.contain("feature-dropout") || given.contain("table-learning-rate")
        {
          StandardStreams.note(
            "--feature-dropout and --table-learning-rate apply to bags: they have no effect here")
        }
      }
      var choices: [ChosenDefault] = []
      var dataset: Dataset?
      if defaults != 1, !folder.has(folder.configuration) {
        let data = try Dataset.read(configuration.dataset, badLines: configuration.badLines)
        if !quiet, let note = data.skipped.note { StandardStreams.note(note) }
        (configuration, choices) = try settings(of: draft, following: data)
        dataset = data
      }
      let trainer = Trainer(
        configuration, folder: folder, decantVersion: Decant.version, chosenDefaults: choices,
        dataset: dataset)
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
              format: "%.1f s (%.1f s of CPU time), %.0f MB at most\n",
              record.trainSeconds, record.trainCPUSeconds, Double(record.peakMemoryBytes) / 1e6)
            + "Next: decant evaluate \(output)\n")
      }
    }
  }

  /// The settings of a draft, with the defaults that follow from the data.
  private func settings(of draft: SettingsDraft, following data: Dataset) throws
    -> (TrainingConfiguration, [ChosenDefault])
  {
    var draft = draft
    // Catches signals from here on.
    _ = Interruption.isRequested()
    let isHeldOut = try given.settings(of: draft).loop.patience != nil
    let choices = try DataDefaults(
      isHeldOut ? data.withoutValidation(carving: true) : data, decantVersion: Decant.version,
      reporting: { if !quiet { StandardStreams.note($0) } },
      isInterrupted: Interruption.isRequested
    ).choose(in: &draft, completing: given.settings(of:))
    return (try given.settings(of: draft), choices)
  }

  /// The options over the settings file, or over the settings of the run to resume.
  private func draft(in folder: RunFolder) throws -> SettingsDraft {
    let isBegun = folder.has(folder.configuration)
    if !resume, isBegun, !folder.isComplete {
      throw ValidationError(
        "\(output) contains an unfinished run; add --resume to continue it, or remove the folder.")
    }
    if folder.isForeign {
      throw ValidationError(
        "\(output) contains files that no run wrote; choose another --output.")
    }
    let stored = resume && isBegun ? try folder.readConfiguration() : nil
    var draft = stored.map(SettingsDraft.init) ?? SettingsDraft()
    if let file = try config.map({ try SettingsFile(contentsOf: $0).draft }) {
      stored == nil ? draft = file : draft.add(chosenIn: file)
    }
    if let dataset { draft.values["dataset"] = .string(absolutePath(dataset)) }
    guard draft.values["dataset"] != .string("") else {
      throw ValidationError("\(config ?? "--config") names no data set; name it here, as <dir>.")
    }
    try chooseEncoder(in: &draft)
    let result = try given.applied(to: draft)
    // How often checkpoints are written does not change the result.
    var comparable = try given.settings(of: result)
    if let stored { comparable.loop.checkpointInterval = stored.loop.checkpointInterval }
    if let stored, stored != comparable {
      throw ValidationError(
        "\(output) was started with other settings (see \(folder.configuration)); --resume needs the "
          + "same ones.")
    }
    return result
  }

  private func chooseEncoder(in draft: inout SettingsDraft) throws {
    guard let encoder else { return }
    guard encoder != .bag else { return draft.remove("transformer") }
    guard draft.contains("transformer") || given.contain("checkpoint") else {
      throw ValidationError(
        "--encoder \(encoder.rawValue) needs --checkpoint, the folder of a pretrained transformer.")
    }
    draft.add("transformer")
    draft.values["transformer.isBesideBags"] = .boolean(encoder == .both)
  }
}
