public import Datasets
public import Evaluation
import Torch

extension TrainedModel {
  /// Ranks all labels for some documents of a data set and compares with the true ones.
  ///
  /// The data set's filter pairs are taken out of the predictions before they are ranked. How common
  /// labels are in training, which some metrics ask, is as the data set's train part says; as the
  /// model says where the data is a single file that is judged whole.
  ///
  /// - Parameters:
  ///   - name: which documents; nil is test, but all of a single file that the model was not trained
  ///     on.
  ///   - datasetPath: the data set's folder or file; nil is the one trained on.
  ///   - badLines: what becomes of lines that cannot be used; nil is as in training.
  ///   - propensity: how much rare labels count; nil is as the data set says, else the standard.
  ///   - rankings: a file to write the best 100 labels of each document to; nil for none.
  /// - Throws: `InputError` when there is no such split, when the model has been trained on the
  ///   validation part, or when no document has a label that the model knows.
  public func evaluate(
    split name: SplitName? = nil, datasetPath: String? = nil, badLines: BadLinePolicy? = nil,
    propensity: InversePropensity? = nil, rankings: String? = nil
  ) throws -> EvaluationReport {
    try evaluate(
      judgedPart(name, datasetPath: datasetPath, badLines: badLines), propensity: propensity,
      rankings: rankings)
  }

  /// Evaluates on documents that were found already.
  func evaluate(
    _ part: JudgedPart, propensity: InversePropensity? = nil, rankings: String? = nil
  ) throws -> EvaluationReport {
    let (dataset, split) = (part.dataset, part.split)
    try refuseUnless(hasTexts: dataset.documents.texts != nil, file: part.path)
    let columns = try columns(for: dataset.labels)
    let truth = split.labels.renamingColumns(columns.ofLabel, count: columns.count)
    let known = KnownLabels(truth, knownCount: labelIDs.count)
    try known.check(part, of: self)
    var notes = part.notes
    if let note = known.note(part.name) { notes.append(note) }
    let filter = split.filter?.renamingColumns(columns.ofLabel, count: columns.count)
    let begun = ResourceUsage.wallSeconds()
    let (ranking, isKnown) = try checked {
      let inputs = try inputs(ofRows: split.documentIndices, in: dataset, at: part.path)
      return (
        try ranker.topK(100, of: inputs, excluding: filter),
        knows(inputs, documents: split.documentIndices, of: dataset)
      )
    }
    let seconds = ResourceUsage.wallSeconds() - begun
    if let rankings {
      try Self.write(
        ranking, of: split.documentIndices.map { dataset.documents.ids[Int($0)] },
        labels: labelIDs, to: rankings)
    }
    let training = try trainingCounts(part, columns)
    let weighting = propensity ?? dataset.description.inversePropensity
    let metrics = try RankingMetrics(metrics: EvaluationReport.metrics, propensity: weighting)(
      ranking, truth: truth, labelCounts: training.labels, documentCount: training.documents)
    if metrics.rowsWithoutLabels > 0 {
      notes.append(
        "\(metrics.rowsWithoutLabels) of \(split.count) documents have no label and do not count")
    }
    let unknown = isKnown.count { !$0 }
    if unknown > 0 {
      notes.append(
        "the model knows nothing of \(unknown) of \(split.count) documents and ranks them as it "
          + "does every such document; none gets a label by a calibration")
    }
    return EvaluationReport(
      metrics: metrics, propensity: weighting, split: part.name.rawValue, epoch: epoch,
      record: others.reduce(record) { $0.joined(with: $1.record) }, documents: split.count,
      documentsInAll: part.documentsInAll, known: known,
      filterPairs: split.filter?.entryCount ?? 0, predictionSeconds: seconds, notes: notes,
      ranking: ranking, truth: truth, isKnown: isKnown)
  }

  /// How many training documents there are, and how many of them have each label.
  func trainingCounts(_ part: JudgedPart, _ columns: (ofLabel: [Int], count: Int)) throws -> (
    labels: [Int], documents: Int
  ) {
    // Runs of early versions do not say how common their labels are.
    guard !part.isWholeFile || !folder.has(folder.counts) else {
      let unknown = [Int](repeating: 0, count: columns.count - labelIDs.count)
      return (try labelCounts() + unknown, record.documents)
    }
    let source = part.isWholeFile ? part.split : part.dataset.train
    var counts = [Int](repeating: 0, count: columns.count)
    for (label, count) in source.labels.columnCounts().enumerated() {
      counts[columns.ofLabel[label]] += count
    }
    return (counts, source.count)
  }
}

/// How much of the truth a model could say at all.
struct KnownLabels: Sendable {
  /// The labels that the judged documents have.
  var labels: Int
  /// Those of them that the model does not know.
  var unknownLabels: Int
  /// The pairs of a judged document and a label.
  var pairs: Int
  /// The pairs whose label the model does not know.
  var unknownPairs: Int

  /// Counts.
  ///
  /// - Parameters:
  ///   - truth: `[documents, labels]`, labels that the model does not know behind its own.
  ///   - knownCount: how many the model knows.
  init(_ truth: CSRMatrix, knownCount: Int) {
    let counts = truth.columnCounts()
    labels = counts.count { $0 > 0 }
    unknownLabels = counts.dropFirst(knownCount).count { $0 > 0 }
    pairs = counts.reduce(0, +)
    unknownPairs = counts.dropFirst(knownCount).reduce(0, +)
  }

  /// Refuses what no figure can be given for.
  func check(_ part: JudgedPart, of model: TrainedModel) throws {
    let documents = part.name == .all ? "documents" : "\(part.name.rawValue) documents"
    guard pairs > 0 else {
      throw InputError(
        file: part.path, reason: "none of the \(part.split.count) \(documents) has a label",
        expected: "documents with labels, to compare the model's with")
    }
    guard unknownPairs < pairs else {
      throw InputError(
        file: part.path,
        reason: "\(model.folder.path) knows none of the \(labels) labels of the \(documents)",
        expected: "labels of the data set it was trained on, such as \"\(model.labelIDs[0])\"")
    }
  }

  /// What a reader of the figures should know; nil where the model knows every label.
  func note(_ name: TrainedModel.SplitName) -> String? {
    guard unknownPairs > 0 else { return nil }
    let share = Double(unknownPairs) / Double(pairs)
    let counts =
      "\(unknownLabels) of the \(labels) labels of these documents, \(unknownPairs) of their "
      + "\(pairs) pairs, are unknown to the model"
    guard share < 0.5 else {
      return "WARNING: \(counts). It cannot predict them, and every figure counts them as misses: "
        + "this may be the wrong data set, or one whose labels are written otherwise"
    }
    return "\(counts): it cannot predict them, and every figure counts them as misses"
  }
}

extension CSRMatrix {
  /// The same entries under other column numbers.
  fileprivate func renamingColumns(_ new: [Int], count: Int) -> CSRMatrix {
    CSRMatrix(
      rowOffsets: rowOffsets, columns: MappedArray(columns.map { Int32(new[Int($0)]) }),
      values: values, columnCount: count)
  }
}
