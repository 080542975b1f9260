package import Datasets
import Extreme
import Foundation
public import Models
import Storage
import Torch

/// Trains a run from a data set: features, training, record.
public struct Trainer {
  /// All settings.
  public let configuration: TrainingConfiguration
  /// The folder of the run.
  public let folder: RunFolder
  /// The version written into the record.
  public let decantVersion: String
  /// The defaults in the configuration that were chosen by the data, for the record.
  public let chosenDefaults: [ChosenDefault]
  /// The data, unless it is read from the configuration's path.
  let dataset: Dataset?

  /// Creates a trainer; nothing is read or written yet.
  ///
  /// - Parameter chosenDefaults: the defaults that were chosen by the data, for the record; a run
  ///   that is resumed knows them already.
  public init(
    _ configuration: TrainingConfiguration, folder: RunFolder, decantVersion: String,
    chosenDefaults: [ChosenDefault] = []
  ) {
    self.init(
      configuration, folder: folder, decantVersion: decantVersion, chosenDefaults: chosenDefaults,
      dataset: nil)
  }

  /// Creates a trainer for data already in memory, such as a part of a data set.
  package init(
    _ configuration: TrainingConfiguration, folder: RunFolder, decantVersion: String,
    chosenDefaults: [ChosenDefault] = [], dataset: Dataset?
  ) {
    self.chosenDefaults = chosenDefaults
    self.dataset = dataset
    self.configuration = configuration
    self.folder = folder
    self.decantVersion = decantVersion
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
  public func run(
    resuming: Bool, progress: ProgressBar? = nil, isInterrupted: () -> Bool = { false }
  ) throws -> RunRecord {
    try configuration.check(file: folder.configuration)
    try Runtime.load()
    return try Runtime.withThreads(configuration.threads) {
      try train(resuming: resuming, progress: progress, isInterrupted: isInterrupted)
    }
  }

  private func train(
    resuming: Bool, progress: ProgressBar?, isInterrupted: () -> Bool
  ) throws -> RunRecord {
    let started = ResourceUsage.now()
    let isNew = !folder.has(folder.configuration)
    try folder.create()
    let lock = try RunFolderLock(folder)
    defer { withExtendedLifetime(lock) {} }
    guard resuming || !folder.isComplete else {
      throw InputError(
        file: folder.path, reason: "another process has finished a run here",
        expected: "a folder without a run")
    }
    let prepared: Preparation
    do {
      // First, so that a run that has settings also knows where they came from.
      if !chosenDefaults.isEmpty { try folder.write(chosenDefaults, to: folder.chosenDefaults) }
      try folder.write(configuration, to: folder.configuration)
      prepared = try prepare(progress: progress, isInterrupted: isInterrupted)
    } catch {
      if isNew { folder.discardPreparation() }
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
    for line in chosenDefaults.sentences { progress?.line(line) }
    if let progress { task.negatives?.report = { progress.line($0) } }
    let outcome = try configuration.loop.run(
      task, in: folder, resuming: resuming, progress: progress, isInterrupted: isInterrupted)
    try writeLabelEmbeddings(of: task)

    var warnings = [outcome.warning].compactMap { $0 }
    if prepared.labelCount == 1 {
      warnings.append("there is only one label: the model cannot tell texts apart")
    }
    let identity = prepared.identity
    let record = RunRecord(
      decantVersion: decantVersion, torchVersion: Runtime.torchVersion,
      cpuCapability: Runtime.cpuCapability, threads: configuration.threads,
      dataset: identity.name, datasetHash: identity.contentHash,
      documents: task.exampleCount, labels: prepared.labelCount,
      features: prepared.featureCount,
      parameters: task.dualEncoder.parameters.reduce(task.wide?.weights.elementCount ?? 0) {
        $0 + $1.tensor.elementCount
      },
      validationIsHeldOut: configuration.loop.patience != nil, keptEpoch: outcome.keptEpoch,
      lastEpoch: outcome.history.count,
      preparationSeconds: begun.wallSeconds - started.wallSeconds,
      preparationCPUSeconds: begun.cpuSeconds - started.cpuSeconds,
      trainSeconds: outcome.wallSeconds, trainCPUSeconds: outcome.cpuSeconds,
      peakMemoryBytes: ResourceUsage.now().peakMemoryBytes,
      warnings: warnings.isEmpty ? nil : warnings,
      chosenDefaults: folder.has(folder.chosenDefaults)
        ? try folder.read([ChosenDefault].self, from: folder.chosenDefaults) : nil)
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
    var task: DualEncoderTask
  }

  private func prepare(progress: ProgressBar?, isInterrupted: () -> Bool) throws -> Preparation {
    let feedback = try configuration.feedback.map(FeedbackFile.init(contentsOf:))
    let dataset = try loadDataset(feedback: feedback, progress: progress)
    try DatasetIdentity(dataset, feedback: feedback).keep(in: folder, path: configuration.dataset)
    try folder.write(dataset.labels.ids.map(\.normalizedToNFC), to: folder.labels)

    let validation = configuration.loop.patience == nil ? nil : dataset.validation
    let training =
      validation == nil
      ? dataset.train : dataset.train.selecting(rows: dataset.trainRowsOutsideValidation)
    try folder.write(training.labels.columnCounts(), to: folder.counts)
    let features = try TextFeatureStore(configuration, folder: folder)
    try attributingErrors(to: configuration.dataset) {
      try features.fit(dataset.documents, rows: training.documentIndices)
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
        ofTexts: (0..<dataset.labels.count).map(dataset.labels.textOrID(at:)), as: "labels")
    let known = try examples(training, as: "train")
    let heldOut = try validation.map { try examples($0, as: "validation") }
    try refuseIfTooLarge(featureCount: features.count, labelCount: dataset.labels.count)
    let transformer = try transformer(
      of: dataset, training: training, validation: validation, progress: progress,
      isInterrupted: isInterrupted)
    let task = try checked {
      try DualEncoderTask(
        configuration, examples: known, labelTexts: labelTexts, validation: heldOut,
        propensity: dataset.description.inversePropensity, transformer: transformer)
    }
    return Preparation(
      identity: DatasetIdentity(dataset), documentCount: dataset.documents.count,
      labelCount: dataset.labels.count,
      featureCount: features.count, task: task)
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

  private func loadDataset(feedback: FeedbackFile?, progress: ProgressBar?) throws -> Dataset {
    let path = configuration.dataset
    var dataset = try self.dataset ?? Dataset.read(path, badLines: configuration.badLines)
    if self.dataset == nil, let note = dataset.skipped.note { progress?.line(note) }
    if let feedback {
      let taken = try dataset.taking(feedback)
      dataset = taken.dataset
      progress?.line("feedback: \(taken.summary)")
      let known = Set(dataset.labels.ids)
      let idle = feedback.labelTexts.keys.filter { !known.contains($0) }
      if let first = idle.min() {
        progress?.line(
          "feedback: \(counted(idle.count, "added label")) ignored, because no text has it: "
            + "\(first)\(idle.count > 1 ? ", …" : "")")
      }
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
    guard configuration.loop.patience != nil else { return dataset }
    var held = dataset
    if dataset.validation == nil {
      progress?.line("the data set has no validation part: a tenth of train is held out")
      held = dataset.carvingValidation()
    }
    let count = held.validation?.count ?? 0
    guard count > 0, count < held.train.count else {
      throw InputError(
        file: path,
        reason: "\(count) of \(held.train.count) documents would be held out for validation",
        expected: "more documents, or training without early stopping")
    }
    return held
  }

  /// Writes the label vectors that prediction needs, computed once for each saved model.
  private func writeLabelEmbeddings(of task: DualEncoderTask) throws {
    for epoch in KeptEpoch.allCases where folder.has(folder.model(of: epoch)) {
      let kept = try SafetensorsFile(path: folder.model(of: epoch))
      try attributingErrors(to: kept.path) {
        try task.dualEncoder.restore(
          kept.tensors().filter { !$0.key.hasPrefix(WidePart.modelPrefix) })
      }
      let embeddings = try checked { try task.labelEmbeddings() }
      guard try checked({ try embeddings.isAllFinite && task.hasFiniteScores(labels: embeddings) })
      else { throw TrainingError.scoresAreNotFinite }
      try Safetensors.write(
        ["embeddings": embeddings], metadata: ["format": "decant"],
        to: folder.labelEmbeddings(of: epoch))
    }
  }
}
