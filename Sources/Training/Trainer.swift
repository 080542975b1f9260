public import Datasets
import Extreme
import Foundation
public import Models
import Storage
import Torch

/// Trains a run from a data set: features, training, record.
///
///     let data = try Dataset(texts: texts, labels: labels)
///     try Trainer(data, folder: RunFolder(path: "runs/tickets")).run()
public struct Trainer: Sendable {
  /// All settings; the fixed defaults as long as those that follow from the data are not chosen.
  public let configuration: TrainingConfiguration
  /// Whether the settings follow from the data.
  let followsData: Bool
  /// The folder of the run.
  public let folder: RunFolder
  /// The version written into the record.
  public let decantVersion: String
  /// The defaults in the configuration that were chosen by the data, for the record.
  let choice: DataChoice
  /// The data, unless it is read from the configuration's path.
  let dataset: Dataset?
  /// Features that may be known already.
  private let features: FeatureCache?

  /// Creates a trainer; nothing is read or written yet.
  ///
  /// - Parameter chosenDefaults: the defaults that were chosen by the data, for the record; a run
  ///   that is resumed knows them already.
  public init(
    _ configuration: TrainingConfiguration, folder: RunFolder,
    decantVersion: String = DecantVersion.current, chosenDefaults: [ChosenDefault] = []
  ) {
    self.init(
      configuration, folder: folder, decantVersion: decantVersion,
      choice: DataChoice(defaults: chosenDefaults), dataset: nil)
  }

  /// Creates a trainer for data in memory; nothing is read or written yet.
  ///
  /// - Parameter configuration: the settings; nil for defaults that follow from the data, as those of
  ///   `decant train` do. Its `dataset` is the path that the run names, and the place for cached
  ///   vectors of a transformer. A run without one cannot find its data again: name the data when you
  ///   evaluate or audit it.
  public init(
    _ dataset: Dataset, folder: RunFolder, configuration: TrainingConfiguration? = nil,
    decantVersion: String = DecantVersion.current
  ) {
    self.init(
      configuration, folder: folder, decantVersion: decantVersion, dataset: dataset)
  }

  /// Creates a trainer for data already in memory, such as a part of a data set.
  ///
  /// - Parameters:
  ///   - configuration: the settings; nil for defaults that follow from the data.
  ///   - features: features of its documents, which are taken from there if they fit.
  package init(
    _ configuration: TrainingConfiguration?, folder: RunFolder, decantVersion: String,
    choice: DataChoice = DataChoice(), dataset: Dataset?, features: FeatureCache? = nil
  ) {
    self.features = features
    self.choice = choice
    self.dataset = dataset
    self.configuration = configuration ?? TrainingConfiguration()
    followsData = configuration == nil
    self.folder = folder
    self.decantVersion = decantVersion
  }

  /// Trains, or resumes an interrupted run, and reports to a closure.
  ///
  /// - Parameters:
  ///   - isInterrupted: checked before each step, such as `{ Task.isCancelled }`; see
  ///     `TrainingLoop.run`.
  ///   - report: receives the progress, on the calling thread.
  /// - Returns: the run's record.
  /// - Throws: as `run(resuming:progress:isInterrupted:)`.
  @discardableResult
  public func run(
    resuming: Bool = false, isInterrupted: () -> Bool = { false },
    onProgress report: (TrainingProgress) -> Void
  ) throws -> RunRecord {
    try withoutActuallyEscaping(report) { report in
      try run(
        resuming: resuming, progress: ProgressBar(report: report), isInterrupted: isInterrupted)
    }
  }

  /// Trains, or resumes an interrupted run.
  ///
  /// If training cannot start, for instance because of its data, no files are left.
  ///
  /// - Parameters:
  ///   - progress: shows the progress.
  ///   - isInterrupted: checked before each step; see `TrainingLoop.run`.
  /// - Returns: the run's record.
  /// - Throws: `InputError` for a fault in the data, `FileError`, `TorchError`, `TrainingError`.
  @discardableResult
  public func run(
    resuming: Bool = false, progress: ProgressBar? = nil, isInterrupted: () -> Bool = { false }
  ) throws -> RunRecord {
    let record = try run(
      resuming: resuming, progress: progress, rank: nil, isInterrupted: isInterrupted)
    guard let record else { preconditionFailure("a training of one process has no record") }
    return record
  }

  /// Trains as one of several processes; as `run(resuming:progress:isInterrupted:)` without `rank`.
  ///
  /// - Returns: the run's record; nil on other ranks than the first.
  package func run(
    resuming: Bool, progress: ProgressBar?, rank: TrainingRank?, isInterrupted: () -> Bool
  ) throws -> RunRecord? {
    let trainer = try settled(
      resuming: resuming, reporting: { progress?.line($0) }, isInterrupted: isInterrupted)
    try trainer.configuration.check(file: folder.configuration)
    if rank != nil { try trainer.configuration.checkForSeveralProcesses() }
    try TrainingDevice.opened(trainer.configuration.device)
    return try Runtime.withThreads(trainer.configuration.threads) {
      try trainer.train(
        resuming: resuming, progress: progress, rank: rank, isInterrupted: isInterrupted)
    }
  }

  private func train(
    resuming: Bool, progress: ProgressBar?, rank: TrainingRank?, isInterrupted: () -> Bool
  ) throws -> RunRecord? {
    let started = ResourceUsage.now()
    let isNew = !folder.has(folder.configuration)
    try folder.create()
    let isFirst = rank?.isFirst ?? true
    let lock = isFirst ? try RunFolderLock(folder) : nil
    defer { withExtendedLifetime(lock) {} }
    guard resuming || !folder.isComplete else {
      throw InputError(
        file: folder.path, reason: "another process has finished a run here",
        expected: "a folder without a run")
    }
    let prepared: Preparation
    do {
      // First, so that a run that has settings also knows where they came from.
      if choice != DataChoice() { try folder.write(choice, to: folder.chosenDefaults) }
      if isFirst { try folder.write(configuration, to: folder.configuration) }
      prepared = try prepare(progress: progress, rank: rank, isInterrupted: isInterrupted)
    } catch {
      if isNew, isFirst { folder.discardPreparation() }
      throw error
    }
    let begun = ResourceUsage.now()
    let task = prepared.task
    let others = prepared.documentCount - task.exampleCount
    progress?.line(
      "\(counted(task.exampleCount, "document")) (\(counted(others, "other")) not used for training), "
        + "\(counted(prepared.labelCount, "label")), "
        + "\(counted(prepared.featureCount, "feature")); prepared in "
        + "\(rounded(begun.wallSeconds - started.wallSeconds, places: 1)) s")
    for line in choice.defaults.sentences { progress?.line(line) }
    if let progress { task.negatives?.report = { progress.line($0) } }
    let outcome = try configuration.loop.run(
      task, in: folder, resuming: resuming, progress: progress, isInterrupted: isInterrupted)
    guard isFirst else { return nil }
    let whole = try rank == nil ? task : prepared.wholeTask()
    let precision = try store(whole, untrained: prepared.untrained)

    var warnings = [outcome.warning].compactMap { $0 }
    if prepared.labelCount == 1 {
      warnings.append("there is only one label: the model cannot tell texts apart")
    }
    let identity = prepared.identity
    let choice =
      folder.has(folder.chosenDefaults)
      ? try folder.read(DataChoice.self, from: folder.chosenDefaults) : DataChoice()
    var record = RunRecord(
      decantVersion: decantVersion, torchVersion: Runtime.torchVersion,
      cpuCapability: Runtime.cpuCapability, threads: configuration.threads,
      dataset: identity.name, datasetHash: identity.contentHash,
      documents: task.labelledCount, labels: prepared.labelCount,
      features: prepared.featureCount,
      parameters: whole.dualEncoder.parameters.reduce(whole.wide?.weights.elementCount ?? 0) {
        $0 + $1.tensor.elementCount
      },
      validationIsHeldOut: configuration.loop.patience != nil, keptEpoch: outcome.keptEpoch,
      lastEpoch: outcome.history.count,
      preparationSeconds: begun.wallSeconds - started.wallSeconds,
      preparationCPUSeconds: begun.cpuSeconds - started.cpuSeconds,
      trainSeconds: outcome.wallSeconds, trainCPUSeconds: outcome.cpuSeconds,
      peakMemoryBytes: ResourceUsage.now().peakMemoryBytes,
      warnings: warnings.isEmpty ? nil : warnings,
      chosenDefaults: choice.defaults.isEmpty ? nil : choice.defaults, precision: precision,
      pilotCPUSeconds: choice.pilotCPUSeconds,
      start: folder.has(folder.start)
        ? try folder.read(PretrainedStart.self, from: folder.start) : nil,
      validationIsApart: prepared.validationIsApart ? true : nil, device: configuration.device)
    record.processes = rank?.place.size
    (record.robust, record.imbalance) = (configuration.robust, configuration.imbalance)
    record.exchangedBytesPerStep = rank.map { _ in task.exchangedBytesPerStep }
    try Sealed(record, files: folder.checkSums()).write(to: folder.record)
    folder.clean()
    return record
  }

  /// The preparation before the first step; afterwards the data set's files are no longer needed.
  private struct Preparation {
    var identity: DatasetIdentity
    var documentCount: Int
    var labelCount: Int
    var featureCount: Int
    var validationIsApart: Bool
    var task: DualEncoderTask
    /// Makes a task of one process, as several store their model together.
    var wholeTask: () throws -> DualEncoderTask
    /// Labels that are ranked by their texts alone.
    var untrained: UntrainedTexts?
  }

  private func prepare(
    progress: ProgressBar?, rank: TrainingRank?, isInterrupted: () -> Bool
  ) throws -> Preparation {
    let feedback = try configuration.feedback.map(FeedbackFile.init(contentsOf:))
    let start = try startingPoint()
    let dataset = try renumbered(
      loadDataset(feedback: feedback, progress: progress), after: start)
    try DatasetIdentity(dataset, feedback: feedback).keep(in: folder, path: source)
    let names = dataset.labels.ids.map(\.normalizedToNFC)
    if let path = configuration.initial, folder.hasCheckpoint,
      try folder.read([String].self, from: folder.labels) != names
    {
      throw InputError(
        file: path, reason: "its labels are others than when \(folder.path) was begun",
        expected: "the run that the training began with, or another --output")
    }
    try folder.write(names, to: folder.labels)
    try folder.write(labelTexts: dataset.labels.texts)

    let validation = configuration.loop.patience == nil ? nil : dataset.validation
    let training =
      validation == nil
      ? dataset.train : dataset.train.selecting(rows: dataset.trainRowsOutsideValidation)
    try folder.write(training.labels.columnCounts(), to: folder.counts)
    let (learnt, teacher) = try taught(training, of: dataset, progress: progress)
    let features = try TextFeatureStore(configuration, folder: folder)
    // Feedback may have changed texts, and a continued run extends the features of another.
    if configuration.feedback == nil, start == nil,
      let known = self.features?.take(configuration.features, rows: learnt.documentIndices)
    {
      try features.adopt(known.features, bags: known.bags, as: "train")
    }
    try attributingErrors(to: source) {
      try features.fit(
        dataset.documents, rows: learnt.documentIndices, extending: start?.features)
    }
    if let note = features.cutNote(dataset.documents, rows: dataset.train.documentIndices) {
      progress?.line(note)
    }
    func examples(_ split: Split, as name: String) throws -> DualEncoderTask.Examples {
      DualEncoderTask.Examples(
        bags: try features.bags(of: dataset.documents, rows: split.documentIndices, as: name),
        labels: split.labels, filter: split.filter)
    }
    let labelTexts =
      try configuration.model.labels == .free
      ? nil
      : features.bags(
        ofTexts: (0..<dataset.labels.count).map(dataset.labels.textWithAlternatives(at:)),
        as: "labels")
    let known = try examples(learnt, as: "train")
    let heldOut = try validation.map { try examples($0, as: "validation") }
    try refuseIfTooLarge(featureCount: features.count, labelCount: dataset.labels.count)
    let transformer = try transformer(
      of: dataset, training: learnt, validation: validation, progress: progress,
      isInterrupted: isInterrupted)
    func makeTask(_ group: ProcessGroup?) throws -> DualEncoderTask {
      try checked {
        try DualEncoderTask(
          configuration, examples: known, labelTexts: labelTexts, validation: heldOut,
          propensity: dataset.description.inversePropensity, transformer: transformer,
          teacher: teacher, group: group)
      }
    }
    func takeStart(into task: DualEncoderTask) throws {
      try takeWeights(of: start, into: task, features, progress: progress)
      try startFromEncoder(
        task, features, of: dataset, training: training, progress: progress,
        isInterrupted: isInterrupted)
    }
    let hasStart = (start != nil || configuration.startFrom != nil) && !folder.hasCheckpoint
    let task: DualEncoderTask
    if let rank {
      // Words and labels have rows of the whole model.
      let whole = hasStart ? try makeTask(nil) : nil
      try whole.map(takeStart)
      if rank.isFirst { try rank.announcePreparation(folder.configurationMark()) }
      task = try makeTask(rank.group())
      try whole.map { try task.takePart(of: $0.model) }
    } else {
      task = try makeTask(nil)
      try takeStart(into: task)
    }
    if start != nil { task.keepUntaughtLabels() }
    return Preparation(
      identity: DatasetIdentity(dataset), documentCount: dataset.documents.count,
      labelCount: dataset.labels.count,
      featureCount: features.count, validationIsApart: dataset.validationIsApart, task: task,
      wholeTask: { try makeTask(nil) },
      untrained: try untrainedTexts(of: dataset.labels, features, progress: progress))
  }

  /// Throws if the model does not fit into memory, before the system kills the process.
  private func refuseIfTooLarge(featureCount: Int, labelCount: Int) throws {
    let model = configuration.model
    let width = model.encoder.hiddenDimensions.first ?? model.encoder.dimension
    let table = Double(featureCount) * Double(width)
    let vectors = model.labels == .text ? 0 : Double(labelCount) * Double(model.encoder.dimension)
    let hasAllPairs = model.wide?.minimumPairCount == 0
    let pairs = hasAllPairs ? Double(featureCount) * Double(labelCount) : 0
    // 32-bit numbers; label vectors with their gradient and Adam's two moments, pairs with their
    // labels and Adagrad's sums.
    let needed = 4 * table + 16 * vectors + 12 * pairs
    let available = Double(MachineShare.current.memory)
    guard needed <= available else {
      throw TrainingError.modelIsTooLarge(bytes: needed, available: available)
    }
  }

  /// The name of the data in messages.
  private var source: String {
    configuration.dataset.isEmpty
      ? dataset?.description.name ?? configuration.dataset : configuration.dataset
  }

  func loadDataset(feedback: FeedbackFile?, progress: ProgressBar?) throws -> Dataset {
    let path = source
    var dataset =
      try self.dataset ?? Dataset.read(for: configuration) { progress?.line($0) }
    if let feedback {
      let taken = try dataset.taking(feedback)
      dataset = taken.dataset
      progress?.line("feedback: \(taken.summary)")
    }
    guard dataset.train.count > 0 else {
      throw InputError(
        file: path, reason: "there is nothing to train on",
        expected: "at least one training document")
    }
    guard dataset.labels.count > 0 else {
      throw InputError(
        file: path, reason: "there are no labels", expected: "at least one")
    }
    _ = try NameIndex(dataset.labels.ids, of: "label", file: path)
    guard dataset.train.labels.entryCount > 0 else {
      throw InputError(
        file: path, reason: "no training document has a label", expected: "at least one")
    }
    if let fault = dataset.train.weightFault {
      throw InputError(file: path, reason: fault.reason, expected: fault.expected)
    }
    guard configuration.transformer == nil || dataset.documents.texts != nil else {
      throw InputError(
        file: path, reason: "the documents are features, which a transformer cannot read",
        expected: "documents with texts, or --encoder bag")
    }
    guard configuration.model.labels == .free || dataset.documents.texts != nil else {
      throw InputError(
        file: path, reason: "the documents are features, which share nothing with label texts",
        expected: "documents with texts, or free label vectors")
    }
    guard configuration.startFrom == nil || dataset.documents.texts != nil else {
      throw InputError(
        file: path, reason: "the documents are features, which have no words",
        expected: "documents with texts, or no --start-from")
    }
    guard configuration.loop.patience != nil else { return dataset }
    var held = dataset
    if dataset.validation == nil {
      progress?.line("the data set has no validation part: a tenth of train is held out")
      let isGrouped = try DatasetIdentity.keepsCopiesTogether(in: folder)
      held = dataset.carvingValidation(keepingCopiesTogether: isGrouped)
      if isGrouped, let note = dataset.nearCopiesInTrain().note { progress?.line(note) }
    }
    let count = held.validation?.count ?? 0
    guard count > 0, count < held.train.count || held.validationIsApart else {
      throw InputError(
        file: path,
        reason: "\(count) of \(held.train.count) documents would be held out for validation",
        expected: "more documents, or training without early stopping")
    }
    return held
  }
}
