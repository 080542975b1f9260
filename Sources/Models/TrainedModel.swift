package import Datasets
import Evaluation
import Extreme
import Foundation
import Storage
import Torch

/// A finished run, ready to predict.
///
/// The run's folder contains everything: features, labels and weights. Nothing in a model changes when
/// it predicts, so that any number of tasks may use one at the same time. Each prediction computes on
/// the thread that asks for it, with `threads` threads of libtorch: where many tasks ask at once, 1 is
/// usually fastest.
public struct TrainedModel: Sendable {
  /// The folder of the run.
  public let folder: RunFolder
  /// The settings it was trained with; of a truncated model, with its dimension.
  public internal(set) var configuration: TrainingConfiguration
  /// A summary of the training run.
  public let record: RunRecord
  /// The number of threads that it computes with.
  public let threads: Int
  /// The epoch of the model.
  public let epoch: KeptEpoch
  /// The labels' names, in the order of the scores.
  public internal(set) var labelIDs: [String]
  /// The number of these that the run ranks by their texts alone, after those that it learnt.
  let untrainedCount: Int
  /// The texts of the learnt labels as the run stores them; nil if it has none.
  let storedLabelTexts: TextColumn?
  /// The texts of all further labels.
  var addedLabelTexts: [String] = []
  package var scorer: Scorer
  let features: TextFeatureStore
  let transformer: TransformerStore?
  let identity: DatasetIdentity
  let files: RunFiles
  /// Models whose scores are averaged with this one's.
  var others: [TrainedModel] = []
  /// The dimension that it was trained with, if it is truncated.
  var wholeDimension: Int?
  /// Added to the mean score of each label.
  var adjustment: Tensor?
  /// Whether each label is ranked; nil for all labels.
  package internal(set) var candidates: [Bool]?
  /// The labels whose vectors this process holds; nil for all.
  let part: LabelPart?

  /// Receives the time that the features of texts took, whenever texts were read; nil for no one.
  ///
  /// For measurements: a ranking takes the rest of the time of `predict(_:k:)`.
  public var reportingFeatureTime: (@Sendable (Duration) -> Void)?

  /// Opens a run.
  ///
  /// - Parameters:
  ///   - threads: the number of threads to compute with; nil means as in training, or fewer if this
  ///     process may use fewer processors.
  ///   - epoch: the model to open if a validation part was held out; otherwise there is only one.
  /// - Throws: `InputError` if the run is unfinished, damaged, mixed from files of several runs, or
  ///   replaced meanwhile; `FileError`, `TorchError`.
  public init(folder: RunFolder, threads: Int? = nil, epoch: KeptEpoch = .best) throws {
    try self.init(folder: folder, threads: threads, epoch: epoch, part: nil)
  }

  /// Opens a run, of which this process holds the vectors, biases and linear weights of some labels.
  ///
  /// Such a model can only be evaluated together with the other processes.
  ///
  /// - Parameter part: the labels; nil for all.
  package init(folder: RunFolder, threads: Int?, epoch: KeptEpoch, part: LabelPart?) throws {
    guard folder.has(folder.path) else {
      throw FileError(path: folder.path, action: "open", code: ENOENT)
    }
    guard !SentenceEncoder.isMeant(by: folder) else {
      throw InputError(
        file: folder.path, reason: "this is the folder of a pretrained encoder, not of a run",
        expected: "a run, which decant train --encoder transformer --checkpoint trains from it")
    }
    if let members = try folder.members() {
      throw InputError(
        file: folder.path, reason: "this is the folder of \(counted(members.count, "run"))",
        expected:
          "one of them, such as \(members[0].path), or the run that decant merge makes of them")
    }
    guard folder.isComplete else {
      throw InputError(
        file: folder.path,
        reason: folder.has(folder.configuration)
          ? "the training is not finished" : "this is not a run folder",
        expected: "the folder of a finished run (decant train --resume continues one)")
    }
    try Runtime.load()
    self.folder = folder
    self.part = part
    files = try RunFiles(folder)
    record = files.record
    configuration = try files.read(TrainingConfiguration.self, from: folder.configuration)
    try configuration.check(file: folder.configuration)
    identity = try files.read(DatasetIdentity.self, from: folder.dataset)
    self.epoch = epoch
    // Without a held-out part, the last epoch's model is the result itself.
    let kept = record.validationIsHeldOut ? epoch : .best
    self.threads = threads ?? min(configuration.threads, MachineShare.current.processors)
    // Runs of older versions may contain names in other normal forms.
    labelIDs = try files.read([String].self, from: folder.labels).map(\.normalizedToNFC)
    guard try NameIndex(labelIDs, of: "label", file: folder.labels).count > 0 else {
      throw InputError(
        file: folder.labels, reason: "there are no labels",
        expected: "the labels as decant train wrote them")
    }
    storedLabelTexts = try files.labelTexts(count: labelIDs.count)
    features = try TextFeatureStore(configuration, files: files, threads: self.threads)
    let weights = try WeightsFile(file: files.open(folder.model(of: kept)))
    // An ONNX encoder keeps the number of threads that it is opened with.
    transformer = try Runtime.withThreads(self.threads) { [configuration, files] in
      try configuration.transformer.map {
        try TransformerStore($0, files: files, trained: weights)
      }
    }
    let (featureCount, labelCount) = (features.count, labelIDs.count)
    let untrained = try UntrainedLabels(
      files, epoch: kept, dimension: configuration.model.encoder.dimension)
    untrainedCount = untrained?.entries.count ?? 0
    let allCount = labelCount + untrainedCount
    // The product with a single column adds up in another order than one with several.
    if let part, part.size > max(1, allCount / 2) {
      throw InputError(
        file: folder.path,
        reason: "\(part.size) processes cannot divide \(counted(allCount, "label"))",
        expected: "at least two labels for each process")
    }
    let held = part?.labels(of: allCount) ?? 0..<allCount
    let learnt = held.clamped(to: 0..<labelCount)
    scorer = try checked { [configuration, transformer, files] in
      try Self.scorer(
        configuration, weights, files: files, epoch: kept, featureCount: featureCount,
        labelCount: labelCount, held: learnt, transformer: transformer)
    }
    if let untrained {
      labelIDs += untrained.entries.map(\.id.normalizedToNFC)
      addedLabelTexts = untrained.entries.map(\.text)
      _ = try NameIndex(labelIDs, of: "label", file: folder.untrainedLabels)
      let rows = held.clamped(to: labelCount..<allCount)
      let (first, last) = (rows.lowerBound - labelCount, rows.upperBound - labelCount)
      scorer = try checked { [scorer] in
        scorer.adding(
          untrained.vectors[first..<last], biases: Array(untrained.biases[first..<last]))
      }
    }
    try files.checkCurrent()
  }

  private static func scorer(
    _ configuration: TrainingConfiguration, _ weights: WeightsFile, files: RunFiles,
    epoch: KeptEpoch, featureCount: Int, labelCount: Int, held: Range<Int>,
    transformer: TransformerStore?
  ) throws -> Scorer {
    let model = configuration.model
    let embeddings = try WeightsFile(file: files.open(files.folder.labelEmbeddings(of: epoch)))
    let dimension = model.encoder.dimension
    // Shapes are compared before allocating: a damaged configuration could request any amount of
    // memory, a file's size is limited.
    let widths = model.encoder.hiddenDimensions + [dimension]
    try weights.check("encoder.table.weight", shape: [featureCount, widths[0]])
    for (index, (from, to)) in zip(widths, widths.dropFirst()).enumerated() {
      try weights.check("encoder.layers.\(index).weight", shape: [to, from])
    }
    func bagEncoder(_ prefix: String) throws -> BagEncoder {
      let encoder = BagEncoder(
        model.encoder, featureCount: featureCount, generator: Generator(seed: 0))
      try weights.restore(encoder, under: prefix)
      return encoder
    }
    let encoder = try bagEncoder("encoder.")
    let labelPrefix = "labels.encoder."
    let labelEncoder =
      try weights.names.contains { $0.hasPrefix(labelPrefix) } ? bagEncoder(labelPrefix) : nil
    let logTemperature =
      model.learnsTemperature ? try weights.numbers("temperature.log", shape: [1]) : nil
    return Scorer(
      encoder: encoder, tower: try transformer?.tower(of: weights, outputs: dimension),
      labels: try embeddings.plainNumbers("embeddings", shape: [labelCount, dimension])[held],
      bias: model.hasBias ? try weights.numbers("labels.bias", shape: [labelCount])[held] : nil,
      wide: model.wide == nil
        ? nil
        : try SparseLinear(
          under: "wide", featureCount: featureCount, labelCount: labelCount, file: weights.path,
          tensor: weights.tensor(named:)
        ).selecting(labels: held),
      temperature: DualEncoder.temperature(
        logTemperature: logTemperature, fixed: configuration.loss.temperature),
      labelEncoder: labelEncoder,
      memory: try configuration.memory.map {
        try DocumentMemory(
          $0, files: files, epoch: epoch, dimension: dimension, labelCount: labelCount
        ).selecting(labels: held)
      })
  }

  /// The labels of a text, best first.
  public struct Prediction: Hashable, Sendable {
    /// A label and its score.
    public struct Label: Codable, Hashable, Sendable {
      /// The label's name.
      public var id: String
      /// The label's text; nil if it has none.
      public var text: String?
      /// The inner product divided by the temperature, plus the label's bias, the wide part's score
      /// and that of the memory.
      ///
      /// Comparable within a text. For an ensemble it is the mean; see `Ranker`.
      public var score: Double
      /// The probability that the text has the label; nil without a calibration.
      public var probability: Double?

      /// Creates a label.
      public init(id: String, text: String? = nil, score: Double, probability: Double? = nil) {
        self.id = id
        self.text = text
        self.score = score
        self.probability = probability
      }
    }

    /// The labels, best first.
    public var labels: [Label]
    /// Whether the model knows any feature of the text: a word, a character n-gram or a token.
    ///
    /// Otherwise there are no labels: their scores would be the same for all such texts.
    public var isKnown: Bool
    /// Whether the text is truncated because it has more words than
    /// `TextFeatures.Configuration.maximumWordCount`.
    public var isCut: Bool

    /// Creates a prediction.
    public init(labels: [Label], isKnown: Bool = true, isCut: Bool = false) {
      self.labels = labels
      self.isKnown = isKnown
      self.isCut = isCut
    }
  }

  /// Whether any label has a text.
  public var hasLabelTexts: Bool { storedLabelTexts != nil || !addedLabelTexts.isEmpty }

  /// The text of the label at `index`; nil if it has none.
  ///
  /// Runs of older versions have no texts.
  public func labelText(at index: Int) -> String? {
    let stored = labelIDs.count - addedLabelTexts.count
    guard index < stored else { return addedLabelTexts[index - stored] }
    guard let texts = storedLabelTexts, !texts.isMissing(at: index) else { return nil }
    return texts[index]
  }

  /// The top `k` labels of each text; none for a text in which the model recognises nothing.
  ///
  /// - Throws: `InputError` if the model was trained on features instead of texts.
  public func predict(_ texts: [String], k: Int) throws -> [Prediction] {
    try refuseUnless(hasTexts: true, file: folder.path)
    let seen = try checked { try reading(texts) }
    let ranking = try attributingErrors(to: folder.path) {
      try checked { try ranker.topK(k, of: seen.inputs, threads: threads) }
    }
    return (0..<texts.count).map { row in
      Prediction(
        labels: seen.isKnown[row]
          ? zip(ranking.labels(ofRow: row), ranking.scores(ofRow: row)).map {
            .init(id: labelIDs[Int($0)], text: labelText(at: Int($0)), score: Double($1))
          } : [], isKnown: seen.isKnown[row], isCut: seen.isCut[row])
    }
  }

  /// Throws if documents are of another kind than the training documents.
  func refuseUnless(hasTexts: Bool, file: String) throws {
    guard identity.hasTexts != hasTexts else { return }
    throw InputError(
      file: file,
      reason: identity.hasTexts
        ? "the documents are features, but the model was trained on texts"
        : "the model was trained on features and cannot read texts",
      expected: "documents of the kind it was trained on")
  }

  /// The score column of each label of a data set; labels that the model does not know come last
  /// and are never predicted.
  ///
  /// - Throws: `InputError` if two labels of the model have the same name.
  package func columns(for labels: Labels) throws -> (ofLabel: [Int], count: Int) {
    let known = try NameIndex(labelIDs, of: "label", file: folder.labels)
    var count = labelIDs.count
    let columns = (0..<labels.count).map { index in
      if let column = known[labels.ids[index]] { return column }
      defer { count += 1 }
      return count
    }
    return (columns, count)
  }
}
