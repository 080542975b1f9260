public import Datasets
public import Evaluation
import Storage
package import Torch

extension TrainedModel {
  /// Ranks all labels for some documents of a data set and compares the ranking with the true
  /// labels.
  ///
  /// The data set's filter pairs are removed from the predictions before ranking. Label
  /// frequencies, which some metrics need, come from the data set's training part, or from the
  /// model if the data is a single file that is evaluated whole.
  ///
  /// - Parameters:
  ///   - name: the part to evaluate; nil means test, or all of a single file that the model was not
  ///     trained on.
  ///     on.
  ///   - datasetPath: the data set's folder or file; nil means the one trained on.
  ///   - reading: how to read it; nil means as in training, as far as its columns are there.
  ///   - badLines: how to treat malformed lines; nil means as in training.
  ///   - propensity: the propensity model; nil means the data set's, else the standard one.
  ///   - rankings: a file for the top 100 labels of each document; nil for none.
  /// - Throws: `InputError` if there is no such split, if the model was trained on the validation
  ///   part, or if no document has a label that the model knows.
  public func evaluate(
    split name: SplitName? = nil, datasetPath: String? = nil, reading: DataReading? = nil,
    badLines: BadLinePolicy? = nil,
    propensity: InversePropensity? = nil, rankings: String? = nil
  ) throws -> EvaluationReport {
    try evaluate(
      judgedPart(name, datasetPath: datasetPath, reading: reading, badLines: badLines),
      propensity: propensity, rankings: rankings)
  }

  /// The same for all documents of a data set in memory.
  ///
  /// Label frequencies come from the model. Nothing tells whether it was trained on these documents.
  ///
  /// - Throws: `InputError` if no document has a label that the model knows.
  public func evaluate(on dataset: Dataset, propensity: InversePropensity? = nil) throws
    -> EvaluationReport
  {
    try evaluate(
      JudgedPart(
        dataset: dataset, split: dataset.train, name: .all, path: dataset.description.name,
        documentsInAll: dataset.train.count, isWholeFile: true, notes: []),
      propensity: propensity)
  }

  /// Evaluates a part that is already selected.
  package func evaluate(
    _ part: JudgedPart, propensity: InversePropensity? = nil, rankings: String? = nil
  ) throws -> EvaluationReport {
    let inputs = try evaluationInputs(of: part)
    return try evaluate(
      inputs, ranked: rank(inputs), propensity: propensity, rankings: rankings)
  }

  /// The documents of a part as the models read them, with their true labels.
  package struct EvaluationInputs {
    fileprivate var part: JudgedPart
    /// The score column of each label of the data set, and the number of columns.
    fileprivate var columns: (ofLabel: [Int], count: Int)
    /// `[documents, columns]`.
    fileprivate var truth: CSRMatrix
    fileprivate var known: KnownLabels
    fileprivate var notes: [String]
    /// The input of each model.
    fileprivate var inputs: [ScorerInput]
    /// The wall-clock seconds that reading the documents took.
    fileprivate var seconds: Double
  }

  /// Rankings of the documents of an evaluation.
  package struct EvaluatedRankings {
    fileprivate var ranking: TopK
    /// The ranking of all labels if only some are ranked; else nil.
    fileprivate var unrestricted: TopK?
    /// The wall-clock seconds that `ranking` took.
    fileprivate var seconds: Double
  }

  /// Reads a part as the models do.
  ///
  /// - Throws: `InputError` if there is nothing to evaluate.
  package func evaluationInputs(of part: JudgedPart) throws -> EvaluationInputs {
    let (dataset, split) = (part.dataset, part.split)
    try refuseUnless(hasTexts: dataset.documents.texts != nil, file: part.path)
    let columns = try columns(for: dataset.labels)
    let written = split.labels.renamingColumns(columns.ofLabel, count: columns.count)
    let truth = candidates.map { written.keeping(rankedBy: $0) } ?? written
    let known = KnownLabels(truth, knownCount: labelIDs.count)
    try known.check(part, of: self)
    var notes = part.notes
    if let candidates {
      notes.append(
        "\(counted(candidates.count { $0 }, "label")) of \(labelIDs.count) are ranked; "
          + "\(written.entryCount - truth.entryCount) of \(written.entryCount) pairs are of others and "
          + "do not count")
    }
    if let note = known.note(part.name) { notes.append(note) }
    let begun = ResourceUsage.wallSeconds()
    let inputs = try checked {
      try self.inputs(ofRows: split.documentIndices, in: dataset, at: part.path)
    }
    return EvaluationInputs(
      part: part, columns: columns, truth: truth, known: known, notes: notes, inputs: inputs,
      seconds: ResourceUsage.wallSeconds() - begun)
  }

  /// Ranks the labels of each document, together with the other processes if they hold other labels.
  ///
  /// - Throws: `InputError` if a score is NaN; `TorchError` of kind `collective`.
  package func rank(_ documents: EvaluationInputs, joining group: ProcessGroup? = nil) throws
    -> EvaluatedRankings
  {
    let filter = documents.part.split.filter?.renamingColumns(
      documents.columns.ofLabel, count: documents.columns.count)
    func ranked(by ranker: Ranker) throws -> TopK {
      try attributingErrors(to: folder.path) {
        try checked {
          try ranker.topK(100, of: documents.inputs, excluding: filter, threads: threads)
        }
      }
    }
    let begun = ResourceUsage.wallSeconds()
    let ranking = try ranked(by: ranker(joining: group))
    let seconds = ResourceUsage.wallSeconds() - begun
    let unrestricted =
      candidates == nil
      ? nil : try ranked(by: restricted(to: LabelRestriction()).ranker(joining: group))
    return EvaluatedRankings(ranking: ranking, unrestricted: unrestricted, seconds: seconds)
  }

  /// Compares rankings with the true labels.
  package func evaluate(
    _ documents: EvaluationInputs, ranked: EvaluatedRankings, propensity: InversePropensity?,
    rankings: String?
  ) throws -> EvaluationReport {
    let (part, truth) = (documents.part, documents.truth)
    let (dataset, split) = (part.dataset, part.split)
    var notes = documents.notes
    let isKnown = try checked {
      knows(documents.inputs, documents: split.documentIndices, of: dataset)
    }
    if let rankings {
      try Self.write(
        ranked.ranking, of: split.documentIndices.map { dataset.documents.ids[Int($0)] },
        labels: labelIDs, to: rankings)
    }
    let training = try trainingCounts(part, documents.columns)
    let weighting = propensity ?? dataset.description.inversePropensity
    let metrics = try RankingMetrics(metrics: EvaluationReport.metrics, propensity: weighting)(
      ranked.ranking, truth: truth, labelCounts: training.labels, documentCount: training.documents)
    if metrics.rowsWithoutLabels > 0 {
      notes.append(
        "\(metrics.rowsWithoutLabels) of \(split.count) documents have no labels and do not count")
    }
    let unknown = isKnown.count { !$0 }
    if unknown > 0 {
      notes.append(
        "the model recognises nothing in \(unknown) of \(split.count) documents and ranks all of these "
          + "alike; a calibration assigns them no labels")
    }
    return EvaluationReport(
      metrics: metrics, propensity: weighting, split: part.name.rawValue, epoch: epoch,
      record: others.reduce(record) { $0.joined(with: $1.record) }, documents: split.count,
      documentsInAll: part.documentsInAll, known: documents.known,
      filterPairs: split.filter?.entryCount ?? 0,
      predictionSeconds: documents.seconds + ranked.seconds, notes: notes,
      ranking: ranked.ranking, unrestrictedRanking: ranked.unrestricted, truth: truth,
      labels: judgedLabels(dataset.labels, documents.columns), trainingCounts: training.labels,
      isKnown: isKnown)
  }

  /// The labels of the truth's columns: the model's, then those of the data set that it lacks.
  private func judgedLabels(_ labels: Labels, _ columns: (ofLabel: [Int], count: Int)) -> Labels {
    var ids = labelIDs + [String](repeating: "", count: columns.count - labelIDs.count)
    var texts = [String](repeating: "", count: columns.count)
    var details = [LabelDetails](repeating: LabelDetails(), count: columns.count)
    for (label, column) in columns.ofLabel.enumerated() {
      ids[column] = labels.ids[label]
      texts[column] = labels.texts?[label] ?? ""
      details[column] = labels.details?[label] ?? LabelDetails()
    }
    return Labels(
      ids: TextColumn(ids), texts: labels.texts == nil ? nil : TextColumn(texts),
      details: labels.details == nil ? nil : details)
  }

  /// The number of training documents, and of those with each label.
  package func trainingCounts(_ part: JudgedPart, _ columns: (ofLabel: [Int], count: Int)) throws
    -> (
      labels: [Int], documents: Int
    )
  {
    // Runs of early versions have no label counts.
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

/// How many of the true labels a model knows.
struct KnownLabels: Sendable {
  /// The number of distinct labels of the evaluated documents.
  var labels: Int
  /// The number of these that the model does not know.
  var unknownLabels: Int
  /// The number of (document, label) pairs.
  var pairs: Int
  /// The number of pairs with a label that the model does not know.
  var unknownPairs: Int

  /// Counts known and unknown labels.
  ///
  /// - Parameters:
  ///   - truth: `[documents, labels]`; labels unknown to the model come last.
  ///   - knownCount: the number of labels that the model knows.
  init(_ truth: CSRMatrix, knownCount: Int) {
    let counts = truth.columnCounts()
    labels = counts.count { $0 > 0 }
    unknownLabels = counts.dropFirst(knownCount).count { $0 > 0 }
    pairs = counts.reduce(0, +)
    unknownPairs = counts.dropFirst(knownCount).reduce(0, +)
  }

  /// Throws if there is nothing to evaluate.
  func check(_ part: JudgedPart, of model: TrainedModel) throws {
    let documents = part.name == .all ? "documents" : "\(part.name.rawValue) documents"
    guard pairs > 0 else {
      throw InputError(
        file: part.path, reason: "none of the \(part.split.count) \(documents) has a label",
        expected: "documents with true labels")
    }
    guard unknownPairs < pairs else {
      throw InputError(
        file: part.path,
        reason: "\(model.folder.path) knows none of the \(labels) labels of the \(documents)",
        expected: "labels of the data set it was trained on, such as \"\(model.labelIDs[0])\"")
    }
  }

  /// A remark for readers of the numbers; nil if the model knows every label.
  func note(_ name: TrainedModel.SplitName) -> String? {
    guard unknownPairs > 0 else { return nil }
    let share = Double(unknownPairs) / Double(pairs)
    let counts =
      "\(unknownLabels) of the \(labels) labels of these documents, \(unknownPairs) of their "
      + "\(pairs) pairs, are unknown to the model"
    guard share < 0.5 else {
      return "WARNING: \(counts). It cannot predict them, and every figure counts them as misses: "
        + "this may be the wrong data set, or one with differently written labels"
    }
    return "\(counts): it cannot predict them, and every figure counts them as misses"
  }
}

extension CSRMatrix {
  /// The same rows without the entries of the model's labels that are not ranked; other labels stay.
  fileprivate func keeping(rankedBy candidates: [Bool]) -> CSRMatrix {
    var offsets: [Int64] = [0]
    var kept: [Int] = []
    for row in 0..<rowCount {
      kept += entries(ofRow: row).filter {
        Int(columns[$0]) >= candidates.count || candidates[Int(columns[$0])]
      }
      offsets.append(Int64(kept.count))
    }
    return CSRMatrix(
      rowOffsets: MappedArray(offsets), columns: MappedArray(kept.map { columns[$0] }),
      values: values.map { values in MappedArray(kept.map { values[$0] }) },
      columnCount: columnCount)
  }

  /// The same entries with renumbered columns.
  fileprivate func renamingColumns(_ new: [Int], count: Int) -> CSRMatrix {
    CSRMatrix(
      rowOffsets: rowOffsets, columns: MappedArray(columns.map { Int32(new[Int($0)]) }),
      values: values, columnCount: count)
  }
}
