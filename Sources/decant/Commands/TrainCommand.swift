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
    discussion: HelpLevel.discussion(
      "train",
      short: """
        The data set is a file of texts with labels, such as CSV, TSV or JSON lines, or a folder. A \
        fifth is held out for testing, unless --test names a file. Test documents are never used in \
        training. Settings that you leave open follow from the data.

        Examples:
          decant train tickets.csv --output runs/tickets
          decant train train.csv --validation dev.csv --test test.csv --output runs/tickets
        """,
      full: """
        Learns embeddings of texts and labels. The correct labels of a text get the largest inner \
        products, among all labels at once.

        The data set is a file of texts with labels: CSV, TSV, JSON lines, a JSON array, fastText or \
        Annif, also compressed, with columns that are guessed or named by --text and --label. A fifth \
        of it is held out for testing, unless --test or --validation names a file. Or it is a folder: \
        documents.jsonl, labels.jsonl and train.jsonl, or files called train, validation and test. \
        Test documents are never used in training.

        By default training uses all of train for a fixed number of epochs. With --patience it holds \
        out the validation documents (or a tenth of train if there are none), stops when their ranking \
        no longer improves, and keeps the best epoch. Documents of a --validation file are never \
        trained on.

        Ctrl-C saves a checkpoint and stops. A run that was killed loses the work since its last \
        checkpoint. --resume continues either one and ends with the same model.

        With --encoder transformer, a pretrained encoder reads the texts. By default its weights \
        stay frozen: each text is encoded once, the vectors are stored in the data set's cache, and \
        only the layers on top are trained. --fine-tune trains the encoder too, at many times the \
        cost. --encoder both adds the embedding of the bag.

        Examples:
          decant train data/debian-tags --output runs/tags --epochs 10 --seed 1
          decant train tickets.csv --output runs/tickets --patience 2
          decant train train.csv --validation dev.csv --test test.csv --output runs/tickets
          decant train mails.tsv.gz --text subject,body --label folder --output runs/mails
          decant train data/debian-tags --output runs/deep --encoder both --checkpoint MiniLM
          decant train --config tags.json --output runs/tags --epochs 10
        """))

  enum EncoderName: String, ExpressibleByArgument, CaseIterable {
    case bag, transformer, both
  }

  @Argument(
    help: ArgumentHelp(
      "Data set: a folder, or one or more files. Optional if --config names one.", valueName: "data"
    ))
  var datasets: [String] = []

  @Option(
    help: ArgumentHelp(
      "Settings file, as decant new writes it. Options of this command override it.",
      valueName: "file", visibility: .rare))
  var config: String?

  @Option(help: ArgumentHelp("Folder for the model and its record.", valueName: "run"))
  var output: String

  @Option(
    help: ArgumentHelp(
      """
      Encoder of texts: a bag of words and character n-grams (default), a pretrained transformer, or \
      both.
      """, visibility: .rare))
  var encoder: EncoderName?

  @OptionGroup(title: HelpLevel.title("Data")) var data: SettingOptions<DataPart>
  @OptionGroup(title: HelpLevel.title("Parts")) var files: SettingOptions<FilePart>
  @OptionGroup var loop: SettingOptions<RunPart>
  @OptionGroup(title: HelpLevel.title("Training")) var steps: SettingOptions<StepPart>
  @OptionGroup(title: HelpLevel.title("Model")) var model: SettingOptions<ModelPart>
  @OptionGroup(title: HelpLevel.title("Loss")) var loss: SettingOptions<LossPart>
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Runs on the same data set; the model learns from their mean score, too.", valueName: "run",
      visibility: .rare))
  var teacher: [String] = []

  @OptionGroup(title: HelpLevel.title("Teacher")) var teacherOptions: SettingOptions<TeacherPart>
  @OptionGroup(title: HelpLevel.title("Wide model")) var wide: SettingOptions<WidePart>
  @OptionGroup(title: HelpLevel.title("Pretrained transformer")) var transformer:
    SettingOptions<TransformerPart>
  @OptionGroup(title: HelpLevel.title("Negatives")) var negatives: SettingOptions<NegativePart>

  @Option(
    help: ArgumentHelp(
      """
      Defaults of the settings that you leave open: 1 for fixed ones, 2 for those that follow from \
      the data (default: 2).
      """, valueName: "version", visibility: .rare))
  var defaults: Int?

  @Flag(
    name: .customLong("calibrate"), inversion: .prefixedNo,
    help: "Make scores probabilities at the end (default: --calibrate, without --members).")
  var givenCalibrate: Bool?

  @Option(
    help: ArgumentHelp(
      """
      Train this many runs with the seeds --seed, --seed + 1, … side by side, one thread each unless \
      --threads says more. Name the folder of --output to use their mean score.
      """, valueName: "count", visibility: .rare))
  var members: Int?

  @OptionGroup var membership: Membership
  @OptionGroup var ranks: ProcessOptions

  @Flag(help: "Continue a run that was interrupted.")
  var resume = false

  @Flag(help: "Print only errors.")
  var quiet = false

  private var given: [GivenSetting] {
    data.given + files.given + loop.given + steps.given + model.given + loss.given
      + teacherOptions.given
      + wide.given + transformer.given + negatives.given
  }

  /// Whether to calibrate; nobody uses the calibration of a run for its part in a mean.
  var calibrate: Bool { givenCalibrate ?? (members == nil) }

  private var progress: ProgressBar? {
    quiet ? nil : membership.parent == nil ? ProgressBar() : MemberReport.bar()
  }

  func validate() throws {
    try require([("members", members, 1)])
    if members != nil, ranks.processes ?? 1 > 1 {
      throw ValidationError("--members and --processes exclude each other.")
    }
    guard [nil, 1, 2].contains(defaults) else {
      throw ValidationError("--defaults is \(defaults ?? 0); it must be 1 or 2.")
    }
    guard !datasets.isEmpty || config != nil else {
      throw ValidationError(
        "Name the data set <data>, or a --config file that names it (decant new writes one).")
    }
  }

  func run() throws {
    try reporting {
      try ranks.run(quiet: quiet, hasCheckpoints: true) {
        // A mistake in the options is reported once.
        let settings = try given.settings(of: try draft(in: RunFolder(path: output)))
        try settings.checkIsReadAgain(for: "--processes")
        try settings.checkForSeveralProcesses()
      } isFinished: {
        RunFolder(path: output).isComplete
      } _: { rank in
        guard let rank else { return try train(as: nil) }
        guard members == nil, membership.parent == nil else {
          throw ValidationError(
            "--members starts its processes itself; leave out the launcher of "
              + "\(rank.place.size) processes.")
        }
        try rank.isFirst ? train(as: rank) : join(rank)
      }
    }
  }

  /// Whether to continue a run: as one of several processes that start again, too.
  private func isResuming(_ rank: TrainingRank?) -> Bool {
    resume || rank.map { $0.place.attempt > 0 } ?? false
  }

  /// Whether a signal has arrived, or the process has ended that started this one.
  private func isInterrupted(_ rank: TrainingRank?) -> Bool {
    membership.isInterrupted() || rank?.place.agent.map { getppid() != $0 } ?? false
  }

  /// Trains as another rank than the first, which chooses the settings and writes the files.
  private func join(_ rank: TrainingRank) throws {
    let folder = RunFolder(path: output)
    let mark: [UInt8]
    do {
      mark = try ranks.waitForPreparation(rank)
    } catch {
      // Nothing was left to do.
      if folder.isComplete { return }
      throw error
    }
    let configuration = try folder.readConfiguration()
    // Two trainings that were given one port meet here.
    guard try mark == folder.configurationMark() else {
      throw rank.refusal("the first process trains another run than \(output)")
    }
    let trainer = Trainer(configuration, folder: folder, decantVersion: Decant.version)
    _ = try trainer.run(
      resuming: true, progress: nil, rank: rank, isInterrupted: { isInterrupted(rank) })
  }

  /// Trains in this process, alone or as the first of several.
  private func train(as rank: TrainingRank?) throws {
    let isResuming = isResuming(rank)
    let ensemble = try members.map { try Ensemble(count: $0, path: output, resuming: resume) }
    let folder = ensemble?.first ?? RunFolder(path: output)
    let draft = try draft(in: folder, for: rank)
    var configuration = try given.settings(of: draft)
    if folder.isComplete, ensemble == nil {
      // A run that was killed between its last file and the cleanup may have left some.
      folder.clean()
      guard isResuming else {
        throw ValidationError(
          "\(output) contains a finished run; choose another --output, or remove the folder.")
      }
      StandardStreams.note(
        "\(output) is finished already"
          + (calibrate && !folder.has(folder.calibration)
            ? "; decant calibrate makes its scores probabilities" : ""))
      return
    }
    // Before any tensor, and before pilots, which take time.
    try TrainingDevice.opened(configuration.device)
    if !quiet, membership.parent == nil {
      noteThreads(configuration.threads)
      if !configuration.hasBags,
        given.contain("feature-dropout") || given.contain("table-learning-rate")
      {
        StandardStreams.note(
          "--feature-dropout and --table-learning-rate apply to bags: they have no effect here")
      }
    }
    var choice = DataChoice()
    var isNew = false
    // A folder that was made for nothing does not stay; one with files is not removed.
    defer {
      if isNew { rmdir(folder.path) }
      ensemble?.discardIfNotBegun()
    }
    var dataset: Dataset?
    var features: FeatureCache?
    // Pilots take time: folders that the options name are looked at before them.
    if !folder.has(folder.configuration) {
      if let path = configuration.startFrom { try CheckpointFolder(path: path).check() }
      for run in configuration.teacher?.runs ?? [] {
        let teacher = RunFolder(path: run)
        for member in try teacher.members() ?? [teacher] { _ = try member.readConfiguration() }
      }
    }
    try ensemble?.create(for: configuration)
    if defaults != 1, configuration.initial == nil, !folder.has(folder.configuration) {
      // Pilots take time: a folder that cannot be written is refused before them.
      isNew = try folder.createForWriting()
      let data = try Dataset.read(for: configuration) {
        if !quiet { StandardStreams.note($0) }
      }
      (configuration, choice, features) = try settings(of: draft, following: data)
      dataset = data
    }
    if let ensemble {
      // A member reads the data itself.
      (dataset, features) = (nil, nil)
      return try train(ensemble, configuration, choice)
    }
    let trainer = Trainer(
      configuration, folder: folder, decantVersion: Decant.version, choice: choice,
      dataset: dataset, features: features)
    let record = try trainer.run(
      resuming: isResuming, progress: progress, rank: rank,
      isInterrupted: { isInterrupted(rank) })
    guard let record else { return }
    for warning in record.warnings ?? [] {
      StandardStreams.note("decant: warning: \(warning)")
    }
    let calibration =
      try calibrate && configuration.initial == nil ? self.calibration(by: trainer) : nil
    if calibrate, !quiet, let initial = configuration.initial {
      StandardStreams.note(
        "not calibrated: \(initial) may know these documents; decant calibrate \(output) if it does not"
      )
    }
    if !quiet, membership.parent == nil {
      try StandardStreams.write(
        "\(output): trained on \(counted(record.documents, "document")) in "
          + String(
            format: "%.1f s (%.1f s of CPU time%@), %.0f MB at most; weights stored as %@\n",
            record.trainSeconds, record.trainCPUSeconds,
            record.pilotCPUSeconds.map { String(format: "; %.1f s to choose defaults", $0) }
              ?? "",
            Double(record.peakMemoryBytes) / 1e6,
            (record.precision ?? .float32).rawValue)
          + (calibration.map(Self.sentence) ?? "")
          + "Next: decant evaluate \(output)\n")
    }
  }

  /// The calibration of the finished run; nil if its data is unsuitable, which a note explains.
  private func calibration(by trainer: Trainer) throws -> RunCalibration? {
    do {
      return try trainer.calibrate(
        progress: progress, isInterrupted: membership.isInterrupted
      ).calibration
    } catch let error where error is InputError || error is ValueError {
      if !quiet { StandardStreams.note("not calibrated: \(error)") }
      return nil
    } catch let error as TrainingError {
      if case .interruptedInCalibration = error { throw error }
      if !quiet { StandardStreams.note("not calibrated: \(error)") }
      return nil
    }
  }

  private static func sentence(on calibration: RunCalibration) -> String {
    "calibrated on \(counted(calibration.documents, "held-out document"))"
      + (calibration.cpuSeconds.map { String(format: " (%.1f s of CPU time)", $0) } ?? "") + "\n"
  }

  /// The settings of a draft, with the defaults that follow from the data.
  private func settings(of draft: SettingsDraft, following data: Dataset) throws
    -> (TrainingConfiguration, DataChoice, FeatureCache)
  {
    var draft = draft
    // Catches signals from here on.
    _ = Interruption.isRequested()
    let isHeldOut = try given.settings(of: draft).loop.patience != nil
    let begun = ResourceUsage.now()
    let defaults = DataDefaults(
      isHeldOut ? data.withoutValidation(carving: true) : data, decantVersion: Decant.version,
      reporting: { if !quiet { StandardStreams.note($0) } },
      isInterrupted: Interruption.isRequested)
    let choice = DataChoice(
      defaults: try defaults.choose(in: &draft, completing: given.settings(of:)),
      pilotCPUSeconds: ResourceUsage.now().cpuSeconds - begun.cpuSeconds)
    return (try given.settings(of: draft), choice, defaults.features)
  }

  /// The options over the settings file, or over the settings of the run to resume.
  private func draft(in folder: RunFolder, for rank: TrainingRank? = nil) throws -> SettingsDraft {
    let isBegun = folder.has(folder.configuration)
    let isResuming = isResuming(rank)
    if !isResuming, isBegun, !folder.isComplete {
      throw ValidationError(
        "\(output) contains an unfinished run; add --resume to continue it, or remove the folder.")
    }
    if folder.isForeign {
      throw ValidationError(
        "\(output) contains files that no run wrote; choose another --output.")
    }
    let stored = isResuming && isBegun ? try folder.readConfiguration() : nil
    let start = stored == nil ? try settingsToContinue() : nil
    var draft = (stored ?? start).map(SettingsDraft.init) ?? SettingsDraft()
    if let file = try config.map({ try SettingsFile(contentsOf: $0).draft }) {
      stored == nil && start == nil ? draft = file : draft.add(chosenIn: file)
    }
    if let dataset = datasets.first {
      draft.values["dataset"] = .string(absolutePath(dataset))
      let more = datasets.dropFirst().map { JSONValue.Element(.string(absolutePath($0))) }
      draft.values["data.more"] = more.isEmpty ? nil : .array(more)
    }
    guard draft.values["dataset"] != .string("") else {
      throw ValidationError("\(config ?? "--config") names no data set; name it here, as <data>.")
    }
    try chooseEncoder(in: &draft)
    if !teacher.isEmpty {
      draft.add("teacher")
      draft.values["teacher.runs"] = .array(teacher.map { .init(.string(absolutePath($0))) })
    }
    var result = try given.applied(to: draft)
    if members != nil { try Ensemble.chooseThreads(1, in: &result) }
    if let processes = ranks.processes, processes > 1 {
      try Ensemble.chooseThreads(
        max(1, MachineShare.current.processors / processes), in: &result)
    }
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

  /// The settings of the run that --initial names, without its data.
  private func settingsToContinue() throws -> TrainingConfiguration? {
    guard let given = loop.given.first(where: { $0.name == "initial" }),
      case .string(let path) = try given.value()
    else { return nil }
    var settings = try RunFolder(path: path).readConfiguration()
    settings.dataset = ""
    (settings.feedback, settings.teacher, settings.startFrom) = (nil, nil, nil)
    return settings
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
